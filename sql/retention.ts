import type { ClickHouse } from '../runtime/clickhouse/client.ts';
import { EARLIER_GENERATION } from './ledgers.ts';

export interface Retention {
  /** Days after an event's time; undefined keeps events for ever. */
  readonly eventsDays?: number | undefined;
  /** Days for dead letters and skips; undefined keeps them for ever. */
  readonly ledgerDays?: number | undefined;
  /** Days for the deliveries to the report API; undefined keeps them for ever. Not less than the topic keeps its events. */
  readonly deliveriesDays?: number | undefined;
}

interface Forgetting {
  readonly table: string;
  /** Tells a row's age. */
  readonly column: string;
  readonly days: (retention: Retention) => number | undefined;
  /** Which rows alone are forgotten; all, unless told. */
  readonly only?: string;
}

/** The tables that may forget. States and milestones are none of them. */
const FORGETTING: readonly Forgetting[] = [
  { table: 'events', column: 'time', days: ({ eventsDays }) => eventsDays },
  { table: 'dead_letters', column: 'at', days: ({ ledgerDays }) => ledgerDays },
  {
    table: 'skips',
    column: 'at',
    days: ({ ledgerDays }) => ledgerDays,
    // What separates the records of two generations, a row a partition, stays.
    only: `reason != '${EARLIER_GENERATION}'`,
  },
  { table: 'report_deliveries', column: 'at', days: ({ deliveriesDays }) => deliveriesDays },
];

const DAY_MS = 86_400_000;

/**
 * Before which time rows may be gone, or go at any moment within `ahead`: a table forgets while somebody reads it.
 * @param days what the table is told to keep @param now ms @param ahead how long the reading may take, ms
 */
export const forgottenBefore = (days: number, now: number, ahead: number): number =>
  now + ahead - days * DAY_MS;

/** Makes the tables' TTLs those of `retention`. A table that has the right one is left alone: a change rewrites it. */
export async function applyRetention(clickhouse: ClickHouse, retention: Retention): Promise<void> {
  for (const forgetting of FORGETTING) {
    const { table } = forgetting;
    const wanted = ttlOf(forgetting, retention);
    const present = await presentTtl(clickhouse, table);
    if (wanted === present) continue;
    const change = wanted === undefined ? 'REMOVE TTL' : `MODIFY TTL ${wanted}`;
    await clickhouse.command(`ALTER TABLE kaquan_store.${table} ${change}`);
  }
}

/** What the tables forget by now: how old rows are kept at the least. */
export async function presentRetention(clickhouse: ClickHouse): Promise<Retention> {
  const days = async (table: string): Promise<number | undefined> => {
    const found = /toIntervalDay\((\d+)\)/.exec((await presentTtl(clickhouse, table)) ?? '')?.[1];
    return found === undefined ? undefined : Number(found);
  };
  // Dead letters and skips are kept equally long.
  return {
    eventsDays: await days('events'),
    ledgerDays: await days('dead_letters'),
    deliveriesDays: await days('report_deliveries'),
  };
}

/** In ClickHouse's own spelling, so that it can be compared with what a table has. */
function ttlOf({ column, days, only }: Forgetting, retention: Retention): string | undefined {
  const kept = days(retention);
  const condition = only === undefined ? '' : ` WHERE ${only}`;
  return kept === undefined ? undefined : `toDateTime(${column}) + toIntervalDay(${kept})${condition}`;
}

async function presentTtl(clickhouse: ClickHouse, table: string): Promise<string | undefined> {
  const rows = await clickhouse.query<{ engine_full: string }>(
    "SELECT engine_full FROM system.tables WHERE database = 'kaquan_store' AND name = {table:String}",
    { params: { table } },
  );
  return / TTL (.+?)(?: SETTINGS .*)?$/.exec(rows[0]?.engine_full ?? '')?.[1];
}
