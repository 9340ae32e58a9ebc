import { type Entry, STATUSES } from '../../domain/order/state.ts';
import { RowBinaryReader } from '../../runtime/clickhouse/row-binary.ts';
import type { OrderStatus } from '../../schemas/index.ts';
import type { OrderKey } from './judge.ts';
import { orderId } from './judge.ts';
import { readWholeEntry } from './rows.ts';

/** An event as the fold takes it, out of its stored record. */
export interface StoredEvent {
  readonly appId: string;
  readonly orderId: string;
  readonly status: OrderStatus;
  readonly entry: Entry;
}

/** Orders one after the other, each one's events in log order: as they were folded. @param table one with the columns of events */
export const eventsQuery = (table: string, condition: string): string =>
  `SELECT app_id, order_id, CAST(order_status, 'UInt8'), time, event_id, order_time, pay_amt_fen, open_id, coupon_batch_id,
     chan_wxapp_scene, chan_id, chan_shop_id, coupon_ids
   FROM kaquan_store.${table} WHERE ${condition}
   ORDER BY app_id, order_id, generation, partition, offset FORMAT RowBinary`;

/** The rows of `eventsQuery`. */
export function* readEvents(rows: Buffer): Generator<StoredEvent> {
  const from = new RowBinaryReader(rows);
  while (!from.done) {
    const appId = from.string();
    const order = from.string();
    const status = STATUSES[from.uint8() - 1];
    const entry = readWholeEntry(from);
    if (status !== undefined) yield { appId, orderId: order, status, entry };
  }
}

export interface StoredOrder {
  readonly order: OrderKey;
  /** In log order. */
  readonly events: readonly StoredEvent[];
}

/** The rows of `eventsQuery`, order by order. */
export function* readOrders(rows: Buffer): Generator<StoredOrder> {
  let events: StoredEvent[] = [];
  for (const event of readEvents(rows)) {
    const [first] = events;
    if (first !== undefined && (first.orderId !== event.orderId || first.appId !== event.appId)) {
      yield orderOf(first, events);
      events = [];
    }
    events.push(event);
  }
  const [first] = events;
  if (first !== undefined) yield orderOf(first, events);
}

const orderOf = ({ appId, orderId: order }: StoredEvent, events: readonly StoredEvent[]): StoredOrder => ({
  order: { appId, orderId: order, id: orderId(appId, order) },
  events,
});
