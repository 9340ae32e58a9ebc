import { USUAL_FORM, type Form } from './report.ts';
import { logUniform, type Random } from '../../runtime/process/random.ts';

/** Shares of what goes wrong on the way. */
export interface Shares {
  /** Reports that are sent again, per event. */
  readonly duplicates: number;
  /** Events that are sent later than others which happened after them. */
  readonly late: number;
  /** Unusable records, per event: half of them reports that break a rule, half bytes that are no event. */
  readonly invalid: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How long a late report waits before it is sent, milliseconds: mostly minutes, some hours, a few days. */
export function lateDelay(random: Random): number {
  const drawn = random.unit();
  if (drawn < 0.8) return logUniform(random, 5 * SECOND, 10 * MINUTE);
  if (drawn < 0.96) return logUniform(random, 10 * MINUTE, 2 * HOUR);
  return logUniform(random, 2 * HOUR, 72 * HOUR);
}

/** How long after the first sending a report is sent again, milliseconds. */
export function repeatDelay(random: Random): number {
  return random.chance(0.9) ? logUniform(random, SECOND / 2, MINUTE) : logUniform(random, MINUTE, 12 * HOUR);
}

/** How a report is written when it is sent for the first time. */
export const firstForm = (random: Random): Form => {
  const drawn = random.unit();
  return drawn < 0.8 ? USUAL_FORM : anyForm(random);
};

/** How a report is written when it is sent again: as before, or by another program in another form. */
export const repeatedForm = (random: Random, first: Form): Form =>
  random.chance(0.5) ? first : anyForm(random);

const anyForm = (random: Random): Form => ({
  legacyKey: random.chance(0.5),
  amountAsNumber: random.chance(0.5),
  timesAsNumbers: random.chance(0.5),
  bare: random.chance(0.5),
  reversed: random.chance(0.5),
});
