import type { Milestone } from '../../domain/order/fold.ts';
import { type Entry, type OrderState, STATUSES } from '../../domain/order/state.ts';
import { RowBinaryReader, RowBinaryWriter } from '../../runtime/clickhouse/row-binary.ts';
import type { OrderKey } from './judge.ts';

const TIME = "DateTime64(3, 'UTC')";

const MILESTONE_COLUMNS: Readonly<Record<string, string>> = {
  app_id: 'String',
  minute: 'DateTime',
  status: 'Int8',
  order_id: 'String',
  revision: 'UInt32',
  is_deleted: 'UInt8',
  time: TIME,
  pay_amt_fen: 'Int64',
  open_id: 'String',
  coupon_batch_id: 'String',
  chan_wxapp_scene: 'Int32',
  chan_id: 'String',
  chan_shop_id: 'String',
  payed_time: `Nullable(${TIME})`,
  cancel_give_order_time: `Nullable(${TIME})`,
  refund_time: `Nullable(${TIME})`,
};

const ENTRY =
  `Tuple(time ${TIME}, event_id FixedString(16), order_time ${TIME}, pay_amt_fen Int64, open_id String, ` +
  'coupon_batch_id String, chan_wxapp_scene Int32, chan_id String, chan_shop_id String, coupon_ids Array(String))';

const STATE_COLUMNS: Readonly<Record<string, string>> = {
  app_id: 'String',
  order_id: 'String',
  revision: 'UInt32',
  ...Object.fromEntries(STATUSES.map((status) => [status, ENTRY])),
};

/** Where rows go. */
export interface Target {
  /** One with the columns of the table that it stands for. */
  readonly table: string;
  /** A condition that is judged within the insert. */
  readonly condition?: string;
}

export const milestonesInsert = (to: Target = { table: 'milestones' }): string =>
  insertOf(MILESTONE_COLUMNS, to);

/** Of orders that are disputed for a buyer; what else the index of buyers has is filled from events. */
export const disputesInsert =
  'INSERT INTO kaquan_store.buyer_orders (app_id, open_id, order_id) FORMAT RowBinary';

export const statesInsert = (to: Target = { table: 'states' }): string => insertOf(STATE_COLUMNS, to);

function insertOf(columns: Readonly<Record<string, string>>, { table, condition }: Target): string {
  const names = Object.keys(columns).join(', ');
  const into = `INSERT INTO kaquan_store.${table} (${names})`;
  if (condition === undefined) return `${into} FORMAT RowBinary`;
  const structure = Object.entries(columns).map(([name, type]) => `${name} ${type}`);
  const input = `input('${structure.join(', ').replaceAll("'", "''")}')`;
  return `${into} SELECT ${names} FROM ${input} WHERE ${condition} FORMAT RowBinary`;
}

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

export function writeDispute(to: RowBinaryWriter, { appId, orderId }: OrderKey, openId: string): void {
  to.string(appId);
  to.string(openId);
  to.string(orderId);
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
  const entry = readWholeEntry(from);
  return entry.time === ABSENT_TIME ? undefined : entry;
}

/** An entry as it lies in a row: ten columns, or one tuple of them. */
export function readWholeEntry(from: RowBinaryReader): Entry {
  return {
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
}
