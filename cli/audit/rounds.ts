import type { Audit, Offsets } from './audit.ts';

/** One audit. @param since what is not looked at again */
export type AuditOnce = (
  since: Offsets | undefined,
) => Promise<{ readonly audit: Audit; readonly upTo: Offsets }>;

// Of rounds a minute apart: all of it is looked at once an hour.
const WHOLE_EVERY = 60;

/**
 * Audits again and again: mostly only what was committed since the last clean round, and the orders that it moved; all of
 * it at first, now and then, and as long as something is found.
 */
export class AuditRounds {
  readonly #once: AuditOnce;
  #since: Offsets | undefined;
  #round = 0;

  constructor(once: AuditOnce) {
    this.#once = once;
  }

  async next(): Promise<Audit> {
    const since = this.#round % WHOLE_EVERY === 0 ? undefined : this.#since;
    const { audit, upTo } = await this.#once(since);
    this.#since = audit.clean ? upTo : undefined;
    this.#round += 1;
    return audit;
  }
}
