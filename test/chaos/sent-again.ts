import { acceptedEvents } from '../../cli/chaos/oracle/receipts.ts';
import type { Receipt } from '../../services/report-receiver/receipt-log.ts';

export interface SentAgain {
  /** Events that were sent again later than the assignment that had sent them before, by that one and partition. */
  readonly afterAnother: readonly number[];
  /** Events that an assignment sent again by itself. */
  readonly byItself: number;
}

/**
 * Events that were accepted more than once.
 * @param begins when each assignment began, ms since 1970, in order; no two of them at the same time
 * @param partitions by event id, where it lies
 */
export function sentAgain(
  receipts: readonly Receipt[],
  begins: readonly number[],
  partitions: ReadonlyMap<string, number>,
): SentAgain {
  const afterAnother = new Map<string, number>();
  const last = new Map<string, number>();
  let byItself = 0;
  for (const { eventId, at } of acceptedEvents(receipts)) {
    const assignment = begins.findLastIndex((began) => began <= at);
    const before = last.get(eventId);
    // Not by the one that sends it again: what two had left open may come again together.
    const place = `${before} ${partitions.get(eventId)}`;
    if (before === assignment) byItself += 1;
    else if (before !== undefined) afterAnother.set(place, (afterAnother.get(place) ?? 0) + 1);
    last.set(eventId, assignment);
  }
  return { afterAnother: [...afterAnother.values()], byItself };
}
