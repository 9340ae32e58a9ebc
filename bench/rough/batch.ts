import { milestonesInsert, statesInsert, writeMilestone, writeState } from '../../consumers/orders/rows.ts';
import { fold, type Milestone } from '../../domain/order/fold.ts';
import { NO_STATE, type OrderState } from '../../domain/order/state.ts';
import { containerBlock, containerHeader } from '../../runtime/avro/container.ts';
import { type BufferPool, GrowableBytes } from '../../runtime/bytes/growable.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { RowBinaryWriter } from '../../runtime/clickhouse/row-binary.ts';
import { FRAME_BYTES, type FoldedValue } from '../../schemas/index.ts';
import { entryOf, type OrderKey } from '../../consumers/orders/judge.ts';
import { ROUGH_EVENTS, roughly } from './store.ts';

/** All states of a process that never looks one up. */
export type States = Map<string, OrderState>;

/** The rows of one insert into each table. */
export class RoughBatch {
  records = 0;
  readonly #states: States;
  readonly #pool: BufferPool;
  readonly #bodies: GrowableBytes;
  readonly #milestones: RowBinaryWriter;
  readonly #touched = new Map<string, OrderKey>();
  #folding: OrderKey = { appId: '', orderId: '', id: '' };
  readonly #emit = (row: Milestone): void => {
    writeMilestone(this.#milestones, this.#folding, row);
  };

  constructor(states: States, pool: BufferPool) {
    this.#states = states;
    this.#pool = pool;
    this.#bodies = new GrowableBytes(pool);
    this.#milestones = new RowBinaryWriter(pool);
  }

  add(value: Buffer, folded: FoldedValue): void {
    this.records += 1;
    this.#bodies.reserve(value.length);
    this.#bodies.length += value.copy(this.#bodies.bytes, this.#bodies.length, FRAME_BYTES);
    const { app_id: appId } = folded.wx_user;
    const { order_id: orderId, order_status: status } = folded.coupon;
    const id = `${appId}:${orderId}`;
    const key = (this.#folding = this.#touched.get(id) ?? { appId, orderId, id });
    const state = this.#states.get(id) ?? NO_STATE;
    const next = fold(state, status, entryOf(folded), this.#emit);
    if (next === state) return;
    this.#states.set(id, next);
    this.#touched.set(id, key);
  }

  async insert(clickhouse: ClickHouse): Promise<void> {
    const states = new RowBinaryWriter(this.#pool);
    for (const [id, key] of this.#touched) writeState(states, key, this.#states.get(id) ?? NO_STATE);
    const container = [
      containerHeader(ROUGH_EVENTS.schema),
      ...containerBlock(this.records, this.#bodies.written()),
    ];
    const options = { timeoutMs: 60_000, settings: { optimize_on_insert: 0 } };
    await clickhouse.insert(ROUGH_EVENTS.sql, container, options);
    await clickhouse.insert(roughly(milestonesInsert()), [this.#milestones.written()], options);
    await clickhouse.insert(roughly(statesInsert()), [states.written()], options);
    for (const rows of [this.#bodies, this.#milestones, states]) rows.release();
  }
}
