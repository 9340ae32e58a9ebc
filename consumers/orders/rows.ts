import type { Milestone } from '../../domain/order/fold.ts';
import { type Entry, type OrderState, STATUSES } from '../../domain/order/state.ts';
import { RowBinaryReader, RowBinaryWriter } from '../../runtime/clickhouse/row-binary.ts';
import type { OrderKey } from './judge.ts';

export const MILESTONES_INSERT =
  'INSERT INTO kaquan_store.milestones (app_id, minute, status, order_id, revision, is_deleted, time, pay_amt_fen, ' +
  'open_id, coupon_batch_id, chan_wxapp_scene, chan_id, chan_shop_id, payed_time, cancel_give_order_time, refund_time) ' +
  'FORMAT RowBinary';

export const STATES_INSERT = `INSERT INTO kaquan_store.states (app_id, order_id, revision, ${STATUSES.join(', ')}) FORMAT RowBinary`;

const STATUS_NUMBER = {
  give_order: 1,
  pay: 2,
  cancel_pay: 3,
  payed: 4,
  cancel_give_order: 5,
  refund: 6,
} as const;

export function writeMilestone(to: RowBinaryWriter, { appId, orderId }: OrderKey, row: Milestone): void {
  const { entry } = row;
  to.string(appId);
  to.uint32(row.minute * 60);
  to.uint8(STATUS_NUMBER[row.status]);
  to.string(orderId);
  to.uint32(row.revision);
  to.uint8(row.isDeleted ? 1 : 0);
  to.int64(entry.time);
  to.int64(entry.payAmt);
  to.string(entry.openId);
  to.string(entry.couponBatchId);
  to.int32(entry.scene);
  to.string(entry.chanId);
  to.string(entry.shopId);
  to.nullableInt64(row.payedTime);
  to.nullableInt64(row.cancelTime);
  to.nullableInt64(row.refundTime);
}

export function writeState(to: RowBinaryWriter, { appId, orderId }: OrderKey, state: OrderState): void {
  to.string(appId);
  to.string(orderId);
  to.uint32(state.revision);
  for (const status of STATUSES) {
    const entry = state[status];
    if (entry === undefined) to.raw(ABSENT_BYTES);
    else writeEntry(to, entry);
  }
}

/** The greatest storable DateTime64(3): 2299-12-31 23:59:59.999. An absent status must lose every min. */
export const ABSENT_TIME = 10_413_791_999_999;

const ABSENT: Entry = {
  time: ABSENT_TIME,
  eventId: '\0'.repeat(16),
  orderTime: 0,
  payAmt: 0,
  openId: '',
  couponBatchId: '',
  scene: 0,
  chanId: '',
  shopId: '',
  couponIds: [],
};

const ABSENT_BYTES = encodedAbsence();

function encodedAbsence(): Buffer {
  const to = new RowBinaryWriter();
  writeEntry(to, ABSENT);
  return Buffer.from(to.written());
}

function writeEntry(to: RowBinaryWriter, entry: Entry): void {
  to.int64(entry.time);
  to.fixed(entry.eventId);
  to.int64(entry.orderTime);
  to.int64(entry.payAmt);
  to.string(entry.openId);
  to.string(entry.couponBatchId);
  to.int32(entry.scene);
  to.string(entry.chanId);
  to.string(entry.shopId);
  to.strings(entry.couponIds);
}

/** Reads states: GROUP BY and min, never a stored row as it lies there, because unmerged parts hold several of an order. */
export function statesLookup(condition: string): string {
  const columns = STATUSES.map((status) => `min(${status})`).join(', ');
  return (
    `SELECT app_id, order_id, max(revision), ${columns} FROM kaquan_store.states ` +
    `WHERE ${condition} GROUP BY app_id, order_id FORMAT RowBinary`
  );
}

export interface StoredState {
  readonly appId: string;
  readonly orderId: string;
  readonly state: OrderState;
}

/** The rows of `statesLookup`. */
export function* readStates(rows: Buffer): Generator<StoredState> {
  const from = new RowBinaryReader(rows);
  while (!from.done) {
    const appId = from.string();
    const orderId = from.string();
    const state: OrderState = {
      revision: from.uint32(),
      give_order: readEntry(from),
      pay: readEntry(from),
      cancel_pay: readEntry(from),
      payed: readEntry(from),
      cancel_give_order: readEntry(from),
      refund: readEntry(from),
    };
    yield { appId, orderId, state };
  }
}

function readEntry(from: RowBinaryReader): Entry | undefined {
  const entry: Entry = {
    time: from.int64(),
    eventId: from.fixed(16),
    orderTime: from.int64(),
    payAmt: from.int64(),
    openId: from.string(),
    couponBatchId: from.string(),
    scene: from.int32(),
    chanId: from.string(),
    shopId: from.string(),
    couponIds: from.strings(),
  };
  return entry.time === ABSENT_TIME ? undefined : entry;
}
