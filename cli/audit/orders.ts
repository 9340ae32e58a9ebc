import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { pairsCondition } from '../../runtime/clickhouse/literals.ts';
import { milestoneDifferences, ORDER_KEY, placesOf, stateDifferences } from './order-sql.ts';
import { UNHURRIED } from './query.ts';

/** A row that is stored and should not be, or should be and is not. */
export interface OrderDifference {
  readonly table: 'states' | 'milestones';
  readonly app_id: string;
  readonly order_id: string;
  readonly status: string;
  /** `surplus`: it is stored, and the events do not say so; `missing`: the other way round. A changed row is both. */
  readonly problem: 'surplus' | 'missing';
  readonly row: Readonly<Record<string, unknown>>;
  /** Where the least stored event of the status lies, which the row is made from; null: there is none. */
  readonly place: { readonly generation: number; readonly partition: number; readonly offset: number } | null;
}

export interface AuditedOrders {
  /** Orders that were recomputed. */
  readonly orders: number;
  /** Orders of which events were forgotten (a TTL): nobody can recompute them. */
  readonly unclaimed: number;
  readonly differences: readonly OrderDifference[];
  /** There are more differences than are listed. */
  readonly truncated: boolean;
}

export interface OrderAuditOptions {
  /** The condition that an event lies at or above the audited offsets. */
  readonly above: string;
  /** The condition that an event lies in what is audited; only its orders are. undefined: all orders. */
  readonly recent: string | undefined;
  /** Events before this time may be gone; ms. undefined: events are kept for ever. */
  readonly horizon: number | undefined;
  /** Orders that are recomputed at once: what memory must hold. */
  readonly slice: number;
}

const MOST = 1000;

/** Recomputes states and milestones from the events, slice by slice. */
export async function auditOrders(
  clickhouse: ClickHouse,
  options: OrderAuditOptions,
): Promise<AuditedOrders> {
  const [row] = await clickhouse.query<{ orders: number }>(ABOUT, UNHURRIED);
  const slices = Math.max(1, Math.ceil((row?.orders ?? 0) / options.slice));
  let orders = 0;
  let unclaimed = 0;
  let truncated = false;
  const differences: Difference[] = [];
  for (let slice = 0; slice < slices && !truncated; slice += 1) {
    const own = `${ORDER_KEY} % ${slices} = ${slice}`;
    const counted = await countOf(clickhouse, own, options);
    orders += counted.orders;
    unclaimed += counted.unclaimed;
    const condition = conditionOf(own, options);
    const found = [
      ...(await differing(clickhouse, 'states', stateDifferences(condition, MOST))),
      ...(await differing(clickhouse, 'milestones', milestoneDifferences(condition, MOST))),
    ];
    differences.push(...(await settled(clickhouse, found, options.above)));
    truncated = differences.length >= MOST;
  }
  return { orders, unclaimed, differences: await placed(clickhouse, differences.slice(0, MOST)), truncated };
}

// Estimated: it only sets the size of the slices.
const ABOUT = 'SELECT toFloat64(uniq(app_id, order_id)) AS orders FROM kaquan_store.states';

/** What is on its way through the tables is left out: its events are stored, and its states may not be. */
function conditionOf(own: string, { above, recent, horizon }: OrderAuditOptions): string {
  const of = (condition: string): string =>
    `(SELECT ${ORDER_KEY} FROM kaquan_store.events WHERE ${condition} AND ${own})`;
  return [
    own,
    ...(recent === undefined ? [] : [`${ORDER_KEY} IN ${of(recent)}`]),
    ...(horizon === undefined ? [] : [`${ORDER_KEY} NOT IN (${forgotten(own, horizon)})`]),
    `${ORDER_KEY} NOT IN ${of(above)}`,
  ].join(' AND ');
}

/** Orders whose state may come from an event that is gone. */
export function forgotten(own: string, horizon: number): string {
  const least = ['give_order', 'pay', 'cancel_pay', 'payed', 'cancel_give_order', 'refund']
    .map((status) => `tupleElement(${status}, 'time')`)
    .join(', ');
  return `SELECT ${ORDER_KEY} FROM kaquan_store.states WHERE ${own} AND least(${least}) < fromUnixTimestamp64Milli(${horizon}, 'UTC')`;
}

async function countOf(
  clickhouse: ClickHouse,
  own: string,
  options: OrderAuditOptions,
): Promise<{ orders: number; unclaimed: number }> {
  const { horizon } = options;
  const all = `SELECT uniqExact(app_id, order_id) FROM kaquan_store.states WHERE ${conditionOf(own, options)}`;
  const gone = horizon === undefined ? '0' : `(SELECT uniqExact(*) FROM (${forgotten(own, horizon)}))`;
  const [row] = await clickhouse.query<{ orders: number; unclaimed: number }>(
    `SELECT toFloat64((${all})) AS orders, toFloat64(${gone}) AS unclaimed`,
    UNHURRIED,
  );
  return row ?? { orders: 0, unclaimed: 0 };
}

type Difference = Omit<OrderDifference, 'place'>;

interface DifferenceRow {
  readonly app_id: string;
  readonly order_id: string;
  readonly status: string;
  readonly surplus: string;
  readonly [column: string]: unknown;
}

async function differing(
  clickhouse: ClickHouse,
  table: OrderDifference['table'],
  sql: string,
): Promise<Difference[]> {
  const rows = await clickhouse.query<DifferenceRow>(sql, UNHURRIED);
  return rows.map(({ app_id, order_id, status, surplus, ...row }) => {
    const problem = Number(surplus) > 0 ? 'surplus' : 'missing';
    return { table, app_id, order_id, status, problem, row };
  });
}

/**
 * The differences of orders that have no event above the audited offsets. The tables were not read at one instant, but
 * events are stored before all that is made from them: whatever moved meanwhile has its event by now.
 */
async function settled(
  clickhouse: ClickHouse,
  found: readonly Difference[],
  above: string,
): Promise<Difference[]> {
  if (found.length === 0) return [];
  const moving = await clickhouse.query<{ app_id: string; order_id: string }>(
    `SELECT DISTINCT toString(app_id) AS app_id, order_id FROM kaquan_store.events WHERE ${ordersOf(found)} AND ${above}`,
    UNHURRIED,
  );
  const names = new Set(moving.map(nameOf));
  return found.filter((difference) => !names.has(nameOf(difference)));
}

interface PlaceRow {
  readonly app_id: string;
  readonly order_id: string;
  readonly status: string;
  readonly place: readonly [generation: number, partition: number, offset: string];
}

async function placed(clickhouse: ClickHouse, found: readonly Difference[]): Promise<OrderDifference[]> {
  if (found.length === 0) return [];
  const rows = await clickhouse.query<PlaceRow>(placesOf(ordersOf(found)), UNHURRIED);
  const places = new Map(rows.map(({ place, ...row }) => [`${nameOf(row)} ${row.status}`, place]));
  return found.map((difference) => {
    const place = places.get(`${nameOf(difference)} ${difference.status}`);
    if (place === undefined) return { ...difference, place: null };
    const [generation, partition, offset] = place;
    return { ...difference, place: { generation, partition, offset: Number(offset) } };
  });
}

type Named = Pick<OrderDifference, 'app_id' | 'order_id'>;

const nameOf = ({ app_id, order_id }: Named): string => JSON.stringify([app_id, order_id]);

const ordersOf = (found: readonly Named[]): string =>
  pairsCondition(
    ['app_id', 'order_id'],
    found.map(({ app_id, order_id }) => [app_id, order_id] as const),
  );
