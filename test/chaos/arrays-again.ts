import { acceptedEvents } from '../../cli/chaos/oracle/receipts.ts';
import type { Receipt } from '../../services/report-receiver/receipt-log.ts';

/** Requests that were accepted with an event that had been accepted before. */
export function arraysAgain(receipts: readonly Receipt[]): number {
  const seen = new Set<string>();
  let again = 0;
  for (const receipt of receipts) {
    const ids = acceptedEvents([receipt]).map(({ eventId }) => eventId);
    if (ids.some((id) => seen.has(id))) again += 1;
    for (const id of ids) seen.add(id);
  }
  return again;
}
