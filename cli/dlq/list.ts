import { placeText, type KeptLetter } from './letters.ts';
import type { Redriven } from './ledger.ts';

/** The dead letters of one reason. */
export interface ReasonCount {
  readonly reason: string;
  readonly count: number;
  /** How many of them were redriven. Those that failed again are dead letters of their own. */
  readonly redriven: number;
  readonly waiting: number;
  /** When the first and the last of them were kept; ISO 8601. */
  readonly first: string;
  readonly last: string;
  /** One to look at: the last. */
  readonly id: string;
}

/** One group's part of what `kaquan dlq list --json` prints. */
export interface LetterCounts {
  readonly group: string;
  readonly topic: string;
  readonly count: number;
  readonly redriven: number;
  readonly waiting: number;
  /** The most frequent first. */
  readonly reasons: readonly ReasonCount[];
}

interface Tally {
  count: number;
  redriven: number;
  first: number;
  last: number;
  id: string;
}

/** Counts dead letters as they come by. */
export class LetterTallies {
  readonly #tallies = new Map<string, Tally>();

  add({ letter, keptAt, id, place }: KeptLetter, redriven: ReadonlyMap<string, Redriven>): void {
    const tally = this.#tallies.get(letter.reason) ?? {
      count: 0,
      redriven: 0,
      first: keptAt,
      last: keptAt,
      id,
    };
    tally.count += 1;
    if (redriven.has(placeText(place))) tally.redriven += 1;
    tally.first = Math.min(tally.first, keptAt);
    if (keptAt >= tally.last) Object.assign(tally, { last: keptAt, id });
    this.#tallies.set(letter.reason, tally);
  }

  counts(group: string, topic: string): LetterCounts {
    const reasons = [...this.#tallies]
      .map(([reason, { count, redriven, first, last, id }]) => ({
        reason,
        count,
        redriven,
        waiting: count - redriven,
        first: new Date(first).toISOString(),
        last: new Date(last).toISOString(),
        id,
      }))
      .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
    const count = reasons.reduce((sum, reason) => sum + reason.count, 0);
    const redriven = reasons.reduce((sum, reason) => sum + reason.redriven, 0);
    return { group, topic, count, redriven, waiting: count - redriven, reasons };
  }
}
