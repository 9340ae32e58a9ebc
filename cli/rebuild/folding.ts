import {
  disputesInsert,
  milestonesInsert,
  statesInsert,
  writeDispute,
  writeMilestone,
  writeState,
} from '../../consumers/orders/rows.ts';
import { BoundedRows } from '../../consumers/orders/bounded-rows.ts';
import { eventsQuery, readOrders, type StoredOrder } from '../../consumers/orders/stored-events.ts';
import { disputedFor } from '../../domain/order/disputes.ts';
import { fold } from '../../domain/order/fold.ts';
import { NO_STATE } from '../../domain/order/state.ts';
import { BufferPool } from '../../runtime/bytes/growable.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { ORDER_KEY } from '../audit/order-sql.ts';
import { UNHURRIED } from '../audit/query.ts';
import { shadowOf } from './shadows.ts';

export interface Folding {
  readonly clickhouse: ClickHouse;
  /** The table that events are read from. */
  readonly events: string;
  /** Orders that are read at once: what memory must hold. */
  readonly slice: number;
}

export interface Folded {
  readonly orders: number;
  readonly events: number;
}

const ORDERS_PER_INSERT = 20_000;
const POOLED_BUFFERS = 4;

/**
 * Folds events into the shadow tables, each order from nothing and in log order: the revisions are those of the live chain,
 * and an order that is folded again writes the same rows and the new ones.
 * @param condition which events; of an order, those below some place. `own` is the condition of a slice of orders
 */
export async function foldEvents(
  { clickhouse, events, slice }: Folding,
  condition: (own: string) => string,
): Promise<Folded> {
  const [about] = await clickhouse.query<{ orders: number }>(
    `SELECT toFloat64(uniq(app_id, order_id)) AS orders FROM kaquan_store.${events} WHERE ${condition('1')}`,
    UNHURRIED,
  );
  const slices = Math.max(1, Math.ceil((about?.orders ?? 0) / slice));
  const rows = new ShadowRows(clickhouse);
  for (let number = 0; number < slices; number += 1) {
    const own = `${ORDER_KEY} % ${slices} = ${number}`;
    const read = await clickhouse.queryBuffer(eventsQuery(events, `${own} AND ${condition(own)}`), UNHURRIED);
    for (const order of readOrders(read)) {
      rows.add(order);
      if (rows.orders >= ORDERS_PER_INSERT) await rows.store();
    }
    await rows.store();
  }
  return rows.folded;
}

/** Rows of orders that are whole. */
class ShadowRows {
  readonly #clickhouse: ClickHouse;
  readonly #pool = new BufferPool(POOLED_BUFFERS);
  #disputes = new BoundedRows(this.#pool);
  #milestones = new BoundedRows(this.#pool);
  #states = new BoundedRows(this.#pool);
  #orders = 0;
  folded: Folded = { orders: 0, events: 0 };

  constructor(clickhouse: ClickHouse) {
    this.#clickhouse = clickhouse;
  }

  /** Orders that are not stored yet. */
  get orders(): number {
    return this.#orders;
  }

  add({ order, events }: StoredOrder): void {
    let state = NO_STATE;
    for (const { status, entry } of events) {
      const next = fold(state, status, entry, (row) =>
        writeMilestone(this.#milestones.at(row.minute * 60_000), order, row),
      );
      for (const openId of disputedFor(state, next, status, entry))
        writeDispute(this.#disputes.at(0), order, openId);
      state = next;
    }
    writeState(this.#states.at(0), order, state);
    this.#orders += 1;
    this.folded = { orders: this.folded.orders + 1, events: this.folded.events + events.length };
  }

  async store(): Promise<void> {
    const options = { timeoutMs: UNHURRIED.timeoutMs };
    // Beside the live ones: an order is disputed whatever becomes of this rebuild.
    for (const rows of this.#disputes.written())
      await this.#clickhouse.insert(disputesInsert, [rows], options);
    for (const rows of this.#milestones.written())
      await this.#clickhouse.insert(milestonesInsert({ table: shadowOf('milestones') }), [rows], options);
    for (const rows of this.#states.written())
      await this.#clickhouse.insert(statesInsert({ table: shadowOf('states') }), [rows], options);
    this.#disputes.release();
    this.#milestones.release();
    this.#states.release();
    this.#disputes = new BoundedRows(this.#pool);
    this.#milestones = new BoundedRows(this.#pool);
    this.#states = new BoundedRows(this.#pool);
    this.#orders = 0;
  }
}
