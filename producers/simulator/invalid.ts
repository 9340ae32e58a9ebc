import { breakReport } from './broken-report.ts';
import type { Random } from '../../runtime/process/random.ts';
import { reportOf, USUAL_FORM } from './report.ts';
import { POISON_KINDS } from './poison.ts';
import type { Sending } from './sending.ts';
import type { Waiting } from './timeline.ts';

/** Strews unusable records among good ones: a refused report and a poisoned record in turn, each kind as often as the others. */
export class InvalidSource {
  readonly #random: Random;
  readonly #share: number;
  #made = 0;

  /** @param share unusable records per event */
  constructor(random: Random, share: number) {
    this.#random = random;
    this.#share = share;
  }

  /** @returns what is sent beside this good report: mostly nothing */
  *beside({ order, step, first }: Waiting): Generator<Sending> {
    if (!first || !this.#random.chance(this.#share)) return;
    const index = this.#made;
    this.#made += 1;
    // An order of its own: whatever a consumer makes of the record, no good order may change.
    const own = { ...order, id: `${order.id}x${index}` };
    const report = reportOf(own, { ...step, reporter: 'mini-program' }, USUAL_FORM);
    if (index % 2 === 0) yield { kind: 'broken', report: breakReport(report, index / 2) };
    else yield { kind: 'poison', poison: kindAt((index - 1) / 2), report };
  }
}

const kindAt = (index: number) => POISON_KINDS[index % POISON_KINDS.length] ?? 'not_framed';
