import type { ClickHouse } from '../../runtime/clickhouse/client.ts';

type Row = Record<string, unknown>;

/** A moment after which nothing was: the sentinel of an absent status. */
const ABSENT_TIME = '2299-12-31 23:59:59.999';

export async function insertRows(clickhouse: ClickHouse, table: string, rows: readonly Row[]): Promise<void> {
  const body = Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'));
  await clickhouse.insert(`INSERT INTO kaquan_store.${table} FORMAT JSONEachRow`, [body], {
    timeoutMs: 30_000,
  });
}

/** A live milestone row at `time` (UTC text with milliseconds); `row` replaces any of it. */
export function milestone(app: string, order: string, status: string, time: string, row: Row = {}): Row {
  return {
    app_id: app,
    minute: `${time.slice(0, 16)}:00`,
    status,
    order_id: order,
    revision: 1,
    is_deleted: 0,
    time,
    pay_amt_fen: 900,
    open_id: 'buyer',
    coupon_batch_id: 'b1',
    chan_wxapp_scene: 1037,
    chan_id: '',
    chan_shop_id: '',
    payed_time: null,
    cancel_give_order_time: null,
    refund_time: null,
    ...row,
  };
}

/** One status's tuple of a state; without a time, the absent one. */
export function least(time?: string, event: Row = {}): Row {
  const absent = {
    time: ABSENT_TIME,
    event_id: '\0'.repeat(16),
    order_time: ABSENT_TIME,
    pay_amt_fen: 0,
    open_id: '',
    coupon_batch_id: '',
    chan_wxapp_scene: 0,
    chan_id: '',
    chan_shop_id: '',
    coupon_ids: [],
  };
  return time === undefined ? absent : { ...absent, time, order_time: '2025-03-04 00:00:00.000', ...event };
}

/** An order's state in which all statuses are absent but those given. */
export function state(app: string, order: string, statuses: Row, revision = 1): Row {
  return {
    app_id: app,
    order_id: order,
    revision,
    give_order: least(),
    pay: least(),
    cancel_pay: least(),
    payed: least(),
    cancel_give_order: least(),
    refund: least(),
    ...statuses,
  };
}

/** A stored record of an event; `id` is one hex digit, `offset` its place. */
export function event(
  app: string,
  order: string,
  status: string,
  time: string,
  id: string,
  row: Row = {},
): Row {
  return {
    app_id: app,
    time,
    event_id: id.repeat(16),
    generation: 1,
    partition: 0,
    offset: Number.parseInt(id, 16),
    record_time: time,
    order_id: order,
    order_time: '2025-03-04 00:00:00.000',
    order_status: status,
    coupon_batch_id: 'b1',
    pay_amt_fen: 900,
    coupon_ids: ['c1', 'c2'],
    page: 'pages/product',
    open_id: 'buyer',
    chan_wxapp_scene: 1037,
    ...row,
  };
}
