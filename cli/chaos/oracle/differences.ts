import type { ClickHouse } from '../../../runtime/clickhouse/client.ts';
import { identifier } from '../../../runtime/clickhouse/literals.ts';
import { ANOMALIES_ORACLE } from './anomalies.ts';
import { VIEW_COLUMNS } from './columns.ts';
import { EVENTS_ORACLE } from './events.ts';
import { HOLDINGS_ORACLE } from './holdings.ts';
import { ORDERS_ORACLE } from './orders.ts';
import { ratesOracle } from './rates.ts';
import { statsOracle } from './stats.ts';

export interface Difference {
  readonly view: string;
  /** How many times more the view has this row than the oracle; negative: the oracle has it, and the view lacks it. */
  readonly surplus: number;
  readonly row: Readonly<Record<string, unknown>>;
}

const ORACLES: Readonly<Record<string, (timeZone: string) => string>> = {
  coupon_order_events: () => EVENTS_ORACLE,
  stats_minute: (timeZone) => statsOracle('stats_minute', timeZone),
  stats_hour: (timeZone) => statsOracle('stats_hour', timeZone),
  stats_day: (timeZone) => statsOracle('stats_day', timeZone),
  rates_day: ratesOracle,
  orders: () => ORDERS_ORACLE,
  order_anomalies: () => ANOMALIES_ORACLE,
  holdings: () => HOLDINGS_ORACLE,
};

/**
 * The figures of a view as one SELECT over kaquan.coupon_order_events alone (that view's own: over the stored records),
 * sharing neither tables nor expressions with it. Columns are the view's, in its order.
 */
export function oracleOf(view: string, timeZone = 'Asia/Shanghai'): string {
  const oracle = ORACLES[view];
  if (oracle === undefined) throw new Error(`no oracle for ${view}`);
  return oracle(timeZone);
}

/** The rows in which a view and its oracle differ, duplicates included; at most 100. */
export async function differences(
  clickhouse: ClickHouse,
  view: string,
  timeZone = 'Asia/Shanghai',
): Promise<Difference[]> {
  const columns = (VIEW_COLUMNS[view] ?? []).map(identifier).join(', ');
  const rows = await clickhouse.query<Record<string, unknown> & { surplus: string }>(
    `SELECT ${columns}, sum(side) AS surplus
     FROM
     (
         SELECT ${columns}, toInt64(1) AS side FROM kaquan.${view}
         UNION ALL
         SELECT ${columns}, toInt64(-1) AS side FROM (${oracleOf(view, timeZone)})
     )
     GROUP BY ${columns}
     HAVING surplus != 0
     ORDER BY ${columns}
     LIMIT 100`,
    { timeoutMs: 600_000 },
  );
  return rows.map(({ surplus, ...row }) => ({ view, surplus: Number(surplus), row }));
}

/** The differences of all views, in the order in which one rests on another; empty when every figure is right. */
export async function differencesOfAllViews(
  clickhouse: ClickHouse,
  timeZone = 'Asia/Shanghai',
): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const view of Object.keys(ORACLES)) found.push(...(await differences(clickhouse, view, timeZone)));
  return found;
}
