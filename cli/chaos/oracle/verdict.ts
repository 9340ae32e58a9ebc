import type { ClickHouse } from '../../../runtime/clickhouse/client.ts';
import type { Receipt } from '../../../services/report-receiver/receipt-log.ts';
import { differencesOfAllViews } from './differences.ts';
import { byOrder, firsts, type PublishedLog } from './log.ts';
import { acceptedEvents } from './receipts.ts';

/** Two sets of ids, compared. */
export interface Compared {
  /** In both. */
  readonly same: number;
  /** What should be there and is not, and the reverse: some of each. */
  readonly missing: readonly string[];
  readonly surplus: readonly string[];
}

/** What the oracle found. */
export interface Verdict {
  /** Records of the topic. */
  readonly records: number;
  /** The events of the log, and those that the figures are made of. */
  readonly counted: Compared;
  /** The events of the log, and those that the report API took; undefined: nothing was reported. */
  readonly reported?: Compared;
  /** Orders of which the API got events in another order than the log has them. */
  readonly reordered: readonly string[];
  /** Events that the API took more than once. */
  readonly copies: number;
  /** Rows in which a view differs from a recomputation. */
  readonly differences: readonly unknown[];
}

/** Whether everything is as it must be. */
export const isRight = ({ counted, reported, reordered, differences }: Verdict): boolean =>
  [counted, reported].every((ids) => ids === undefined || ids.missing.length + ids.surplus.length === 0) &&
  reordered.length + differences.length === 0;

export interface VerdictOptions {
  readonly clickhouse: ClickHouse;
  readonly timeZone: string;
  readonly log: PublishedLog;
  /** Of the report API; undefined: nothing was reported. */
  readonly receipts: readonly Receipt[] | undefined;
  /** Ids that the API refuses for ever. */
  readonly isRefused?: (eventId: string) => boolean;
}

/** Compares the log with the figures and with what the API took, event by event. */
export async function verdict({
  clickhouse,
  timeZone,
  log,
  receipts,
  isRefused = () => false,
}: VerdictOptions): Promise<Verdict> {
  const counted = new Set(log.events.filter((event) => event.isCounted).map(({ eventId }) => eventId));
  const rows = await clickhouse.query<{ id: string }>(
    'SELECT toString(event_id) AS id FROM kaquan.coupon_order_events',
    { timeoutMs: 600_000 },
  );
  const sendable = log.events.filter(({ eventId }) => !isRefused(eventId));
  const taken = receipts && acceptedEvents(receipts);
  return {
    records: log.records,
    counted: compared(counted, new Set(rows.map(({ id }) => id))),
    ...(taken && { reported: compared(idsOf(sendable), idsOf(taken)) }),
    reordered: taken === undefined ? [] : reordered(byOrder(firsts(sendable)), byOrder(firsts(taken))),
    copies: taken === undefined ? 0 : taken.length - firsts(taken).length,
    differences: await differencesOfAllViews(clickhouse, timeZone),
  };
}

const idsOf = (events: readonly { readonly eventId: string }[]): Set<string> =>
  new Set(events.map(({ eventId }) => eventId));

const SHOWN = 20;

function compared(expected: ReadonlySet<string>, found: ReadonlySet<string>): Compared {
  const missing = [...expected].filter((id) => !found.has(id));
  const surplus = [...found].filter((id) => !expected.has(id));
  return {
    same: expected.size - missing.length,
    missing: missing.slice(0, SHOWN),
    surplus: surplus.slice(0, SHOWN),
  };
}

function reordered(
  expected: ReadonlyMap<string, readonly string[]>,
  found: ReadonlyMap<string, readonly string[]>,
): string[] {
  return [...found]
    .filter(([order, ids]) => ids.join() !== (expected.get(order) ?? []).join())
    .map(([order]) => order)
    .slice(0, SHOWN);
}
