import type { ClickHouse, RequestOptions } from '../../runtime/clickhouse/client.ts';
import { pairsCondition } from '../../runtime/clickhouse/literals.ts';

/** An order that was paid, as its least `payed` event says. */
export interface PaidOrder {
  readonly openId: string;
  /** ms since 1970 */
  readonly paidAt: number;
  readonly couponBatchId: string;
  readonly couponIds: readonly string[];
  readonly lost: 'refunded' | 'cancelled' | undefined;
}

export interface OrderKey {
  readonly appId: string;
  readonly orderId: string;
}

export const orderName = ({ appId, orderId }: OrderKey): string => `${appId}\0${orderId}`;

interface Row {
  readonly app_id: string;
  readonly order_id: string;
  readonly open_id: string;
  readonly paid_at: string;
  readonly coupon_batch_id: string;
  readonly coupon_ids: readonly string[];
  readonly lost: 'refunded' | 'cancelled' | '';
}

/** The states of orders, by primary key. @returns the paid ones, by `orderName` */
export async function readPaidOrders(
  clickhouse: ClickHouse,
  orders: readonly OrderKey[],
  request: RequestOptions,
): Promise<ReadonlyMap<string, PaidOrder>> {
  if (orders.length === 0) return new Map();
  const rows = await clickhouse.query<Row>(paidOrdersSql(orders), request);
  return new Map(
    rows.map((row) => [orderName({ appId: row.app_id, orderId: row.order_id }), paidOrderOf(row)]),
  );
}

const paidOrderOf = (row: Row): PaidOrder => ({
  openId: row.open_id,
  paidAt: Number(row.paid_at),
  couponBatchId: row.coupon_batch_id,
  couponIds: row.coupon_ids,
  lost: row.lost === '' ? undefined : row.lost,
});

// Unmerged parts hold several rows of an order, so that each column is its least value over all of them. Of a `payed` only what
// is told is read, behind the time and the event that decide: two rows that agree in these are of one event. Of a refund and of
// a cancellation only the time is: the least tuple begins with the least time.
export function paidOrdersSql(orders: readonly OrderKey[]): string {
  const named = pairsCondition(
    ['app_id', 'order_id'],
    orders.map(({ appId, orderId }) => [appId, orderId] as const),
  );
  return `
    WITH toDateTime64('2299-12-31 23:59:59.999', 3, 'UTC') AS absent
    SELECT
        app_id,
        order_id,
        tupleElement(least_payed, 3) AS open_id,
        toUnixTimestamp64Milli(tupleElement(least_payed, 1)) AS paid_at,
        tupleElement(least_payed, 4) AS coupon_batch_id,
        tupleElement(least_payed, 5) AS coupon_ids,
        multiIf(refunded_at != absent, 'refunded', cancelled_at != absent, 'cancelled', '') AS lost
    FROM
    (
        SELECT
            app_id,
            order_id,
            min((payed.time, payed.event_id, payed.open_id, payed.coupon_batch_id, payed.coupon_ids)) AS least_payed,
            min(tupleElement(refund, 'time')) AS refunded_at,
            min(tupleElement(cancel_give_order, 'time')) AS cancelled_at
        FROM kaquan_store.states
        WHERE ${named}
        GROUP BY app_id, order_id
    )
    WHERE tupleElement(least_payed, 1) != absent`;
}
