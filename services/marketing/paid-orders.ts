import type { Reader, ReadOptions } from '../../runtime/clickhouse/client.ts';
import { pairsCondition } from '../../runtime/clickhouse/literals.ts';

/** An order that was paid, as its least `payed` event says. */
export interface PaidOrder extends OrderKey {
  readonly openId: string;
  /** ms since 1970 */
  readonly paidAt: number;
  /** Of that event, hex. */
  readonly eventId: string;
  readonly couponBatchId: string;
  readonly couponIds: readonly string[];
  readonly lost: 'refunded' | 'cancelled' | undefined;
}

export interface OrderKey {
  readonly appId: string;
  readonly orderId: string;
}

export const orderName = ({ appId, orderId }: OrderKey): string => `${appId}\0${orderId}`;

/** What a `payed` event says of an order, as it comes from the store. */
export interface PayedRow {
  readonly app_id: string;
  readonly order_id: string;
  readonly open_id: string;
  /** ms since 1970 */
  readonly paid_at: string;
  /** Hex, so that `<` is the order of bytes. */
  readonly event_id: string;
  readonly coupon_batch_id: string;
  readonly coupon_ids: readonly string[];
}

/** One stored row of an order's state; unmerged parts hold several of them. Without `payed`, its time is the sentinel's. */
export interface StateRow extends PayedRow {
  readonly refunded: 0 | 1;
  readonly cancelled: 0 | 1;
}

/** The states of orders, by primary key. @returns the paid ones, by `orderName` */
export async function readPaidOrders(
  clickhouse: Reader,
  orders: readonly OrderKey[],
  request: ReadOptions,
): Promise<ReadonlyMap<string, PaidOrder>> {
  if (orders.length === 0) return new Map();
  return paidOrdersOf(await clickhouse.query<StateRow>(paidOrdersSql(orders), request));
}

/**
 * The rows of an order joined, in whatever order they come: its `payed` is the least by time and event, and one row that is
 * refunded or cancelled makes it so. @returns the paid ones, by `orderName`
 */
export function paidOrdersOf(rows: readonly StateRow[]): ReadonlyMap<string, PaidOrder> {
  const joined = new Map<string, StateRow>();
  for (const row of rows) {
    const name = orderName({ appId: row.app_id, orderId: row.order_id });
    const other = joined.get(name);
    joined.set(name, other === undefined ? row : join(row, other));
  }
  const paid = [...joined].filter(([, { paid_at }]) => Number(paid_at) < ABSENT_TIME);
  return new Map(paid.map(([name, row]) => [name, paidOrderOf(row, lostOf(row))]));
}

const join = (one: StateRow, other: StateRow): StateRow => ({
  ...(isBefore(one, other) ? one : other),
  refunded: one.refunded || other.refunded,
  cancelled: one.cancelled || other.cancelled,
});

const lostOf = ({ refunded, cancelled }: StateRow): PaidOrder['lost'] =>
  refunded ? 'refunded' : cancelled ? 'cancelled' : undefined;

/** Whether the event of `one` is the lesser one. */
export function isBefore(one: PayedRow, other: PayedRow): boolean {
  const [time, otherTime] = [Number(one.paid_at), Number(other.paid_at)];
  return time === otherTime ? one.event_id < other.event_id : time < otherTime;
}

export const paidOrderOf = (row: PayedRow, lost: PaidOrder['lost']): PaidOrder => ({
  appId: row.app_id,
  orderId: row.order_id,
  openId: row.open_id,
  paidAt: Number(row.paid_at),
  eventId: row.event_id,
  couponBatchId: row.coupon_batch_id,
  couponIds: row.coupon_ids,
  lost,
});

/** What stands for a status that is absent: 2299-12-31 23:59:59.999, in ms since 1970. */
const ABSENT_TIME = 10_413_791_999_999;

// The rows as they lie: to plan a GROUP BY, and to run it, takes ClickHouse longer than the few rows take here. Of a `payed` only
// what is told is read, behind the time and the event that decide: two rows that agree in these are of one event. Of a refund and
// of a cancellation it is only whether they are there.
const STATE_COLUMNS = `
    app_id,
    order_id,
    payed.open_id AS open_id,
    toUnixTimestamp64Milli(payed.time) AS paid_at,
    hex(payed.event_id) AS event_id,
    payed.coupon_batch_id AS coupon_batch_id,
    payed.coupon_ids AS coupon_ids,
    toUnixTimestamp64Milli(refund.time) < ${ABSENT_TIME} AS refunded,
    toUnixTimestamp64Milli(cancel_give_order.time) < ${ABSENT_TIME} AS cancelled`;

export function paidOrdersSql(orders: readonly OrderKey[]): string {
  const named = pairsCondition(
    ['app_id', 'order_id'],
    orders.map(({ appId, orderId }) => [appId, orderId] as const),
  );
  return `SELECT ${STATE_COLUMNS} FROM kaquan_store.states WHERE ${named}`;
}
