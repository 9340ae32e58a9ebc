import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { pairsCondition } from '../../runtime/clickhouse/literals.ts';
import { ORDER_KEY } from '../audit/order-sql.ts';
import { UNHURRIED } from '../audit/query.ts';
import { tableDifferences } from './comparison-sql.ts';
import { shadowOf, type Rebuilt } from './shadows.ts';

/** A row that one of the tables has and the other lacks; a changed row is both. */
export interface RebuildDifference {
  readonly table: Rebuilt;
  readonly app_id: string;
  readonly order_id: string;
  readonly status: string;
  readonly side: 'live' | 'rebuilt';
  readonly row: Readonly<Record<string, unknown>>;
}

export interface Comparison {
  /** Orders that were compared. */
  readonly orders: number;
  readonly differences: readonly RebuildDifference[];
  /** There are more differences than are listed. */
  readonly truncated: boolean;
  /** Orders of the live tables of which there is no event. */
  readonly eventless: number;
}

export interface ComparisonOptions {
  /** The condition that an event is not folded into the shadows: the live tables may be ahead by it. */
  readonly above: string;
  /** The condition that an order was folded, and not carried over. @param own the condition of a slice of orders */
  readonly folded: (own: string) => string;
  /** The condition that an event is compared; undefined: none are. */
  readonly events: string | undefined;
  /** Orders that are compared at once: what memory must hold. */
  readonly slice: number;
}

/** The condition that an order has no event that is not folded. */
const atRest = (own: string, above: string): string =>
  `${ORDER_KEY} NOT IN (SELECT ${ORDER_KEY} FROM kaquan_store.events WHERE ${own} AND ${above})`;

const MOST = 1000;

/** Compares the live tables with the shadows row by row, tombstones and revisions too, but for orders that move. */
export async function compare(clickhouse: ClickHouse, options: ComparisonOptions): Promise<Comparison> {
  const [about] = await clickhouse.query<{ orders: number }>(
    `SELECT toFloat64(uniq(app_id, order_id)) AS orders FROM kaquan_store.${shadowOf('states')}`,
    UNHURRIED,
  );
  const slices = Math.max(1, Math.ceil((about?.orders ?? 0) / options.slice));
  const differences: RebuildDifference[] = [];
  let eventless = 0;
  for (let slice = 0; slice < slices; slice += 1) {
    const own = `${ORDER_KEY} % ${slices} = ${slice}`;
    const condition = `${own} AND ${options.folded(own)} AND ${atRest(own, options.above)}`;
    eventless += await eventlessOrders(clickhouse, own, condition);
    if (differences.length >= MOST) continue;
    const found: RebuildDifference[] = [];
    found.push(...(await differing(clickhouse, 'states', condition)));
    found.push(...(await differing(clickhouse, 'milestones', condition)));
    if (options.events !== undefined)
      differences.push(...(await differing(clickhouse, 'events', `${own} AND ${options.events}`)));
    differences.push(...(await settled(clickhouse, found, options.above)));
  }
  return {
    orders: await comparedOrders(clickhouse, options),
    differences: differences.slice(0, MOST),
    truncated: differences.length >= MOST,
    eventless,
  };
}

/** @param own the condition of a slice of orders @param condition of those of them that are compared */
async function eventlessOrders(clickhouse: ClickHouse, own: string, condition: string): Promise<number> {
  const [row] = await clickhouse.query<{ orders: number }>(
    `SELECT toFloat64(uniqExact(app_id, order_id)) AS orders FROM
     (
       SELECT app_id, order_id FROM kaquan_store.states WHERE ${condition}
       UNION ALL
       SELECT toString(app_id) AS app_id, order_id FROM kaquan_store.milestones WHERE ${condition}
     )
     WHERE (app_id, order_id) NOT IN (SELECT app_id, order_id FROM kaquan_store.${shadowOf('states')} WHERE ${own})`,
    UNHURRIED,
  );
  return row?.orders ?? 0;
}

async function comparedOrders(clickhouse: ClickHouse, { above, folded }: ComparisonOptions): Promise<number> {
  const [row] = await clickhouse.query<{ orders: number }>(
    `SELECT toFloat64(uniqExact(app_id, order_id)) AS orders FROM kaquan_store.${shadowOf('states')}
     WHERE ${folded('1')} AND ${atRest('1', above)}`,
    UNHURRIED,
  );
  return row?.orders ?? 0;
}

interface DifferenceRow {
  readonly app_id: string;
  readonly order_id: string;
  readonly status: string;
  readonly row: string;
  readonly surplus: string;
}

async function differing(
  clickhouse: ClickHouse,
  table: RebuildDifference['table'],
  condition: string,
): Promise<RebuildDifference[]> {
  const rows = await clickhouse.query<DifferenceRow>(
    tableDifferences(table, shadowOf(table), condition, MOST),
    UNHURRIED,
  );
  return rows.map(({ row, surplus, ...order }) => ({
    table,
    ...order,
    side: Number(surplus) > 0 ? 'live' : 'rebuilt',
    row: JSON.parse(row) as Record<string, unknown>,
  }));
}

/**
 * The differences of orders without an event that is not folded. The tables are not read at one instant, but events are
 * stored before all that is made from them: whatever moved meanwhile has its event by now.
 */
async function settled(
  clickhouse: ClickHouse,
  found: readonly RebuildDifference[],
  above: string,
): Promise<RebuildDifference[]> {
  if (found.length === 0) return [];
  const orders = pairsCondition(
    ['app_id', 'order_id'],
    found.map(({ app_id, order_id }) => [app_id, order_id] as const),
  );
  const moving = await clickhouse.query<{ app_id: string; order_id: string }>(
    `SELECT DISTINCT toString(app_id) AS app_id, order_id FROM kaquan_store.events WHERE ${orders} AND ${above}`,
    UNHURRIED,
  );
  const names = new Set(moving.map(nameOf));
  return found.filter((difference) => !names.has(nameOf(difference)));
}

const nameOf = ({ app_id, order_id }: { app_id: string; order_id: string }): string =>
  JSON.stringify([app_id, order_id]);
