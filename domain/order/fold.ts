import type { OrderStatus } from '../../schemas/coupon_order/event.ts';
import { compareEntries, type Entry, type OrderState } from './state.ts';

/** That an order reached a status in a minute, and what statistics need to know of it. */
export interface Milestone {
  readonly status: OrderStatus;
  /** Minutes since 1970. */
  readonly minute: number;
  readonly revision: number;
  /** A tombstone: the status moved to another minute. */
  readonly isDeleted: boolean;
  readonly entry: Entry;
  /** ms since 1970 of the other statuses that this one carries; undefined where not carried or not reached. */
  readonly payedTime: number | undefined;
  readonly cancelTime: number | undefined;
  readonly refundTime: number | undefined;
}

type Carried = 'payed' | 'cancel_give_order' | 'refund';

const CARRIED: Readonly<Record<OrderStatus, readonly Carried[]>> = {
  give_order: ['payed', 'cancel_give_order'],
  pay: ['payed'],
  cancel_pay: [],
  payed: ['refund', 'cancel_give_order'],
  cancel_give_order: ['payed'],
  refund: ['payed'],
};

const CARRIERS: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  give_order: [],
  pay: [],
  cancel_pay: [],
  payed: ['give_order', 'pay', 'cancel_give_order', 'refund'],
  cancel_give_order: ['give_order', 'payed'],
  refund: ['payed'],
};

export const minuteOf = (time: number): number => Math.floor(time / 60_000);

/**
 * Joins one event into an order and emits the milestone rows that this event changes, each with the new revision: a live
 * row at the new place, a tombstone at the old one, and the rows whose carried times changed.
 * @returns the joined state; the same object when the event changes nothing
 */
export function fold(
  state: OrderState,
  status: OrderStatus,
  entry: Entry,
  emit: (row: Milestone) => void,
): OrderState {
  const old = state[status];
  if (old !== undefined && compareEntries(entry, old) >= 0) return state;
  const next = withEntry(state, status, entry);
  emitOwnRow(state, next, status, emit);
  if (old?.time !== entry.time) {
    for (const carrier of CARRIERS[status]) {
      const row = milestoneOf(next, carrier);
      if (row !== undefined) emit(row);
    }
  }
  return next;
}

// Spelled out: it runs once per event, and a computed key costs more than all of the rest.
function withEntry(state: OrderState, status: OrderStatus, entry: Entry): OrderState {
  return {
    revision: state.revision + 1,
    give_order: status === 'give_order' ? entry : state.give_order,
    pay: status === 'pay' ? entry : state.pay,
    cancel_pay: status === 'cancel_pay' ? entry : state.cancel_pay,
    payed: status === 'payed' ? entry : state.payed,
    cancel_give_order: status === 'cancel_give_order' ? entry : state.cancel_give_order,
    refund: status === 'refund' ? entry : state.refund,
  };
}

function emitOwnRow(
  before: OrderState,
  after: OrderState,
  status: OrderStatus,
  emit: (row: Milestone) => void,
): void {
  const old = milestoneOf(before, status);
  const row = milestoneOf(after, status);
  if (row === undefined) return;
  if (old === undefined) {
    emit(row);
  } else if (old.minute !== row.minute) {
    emit(row);
    emit({ ...old, revision: after.revision, isDeleted: true });
  } else if (!sameContent(old.entry, row.entry)) {
    emit(row);
  }
}

/** The live milestone row of a status that `state` has reached. */
export function milestoneOf(state: OrderState, status: OrderStatus): Milestone | undefined {
  const entry = state[status];
  if (entry === undefined) return undefined;
  const carried = CARRIED[status];
  return {
    status,
    minute: minuteOf(entry.time),
    revision: state.revision,
    isDeleted: false,
    entry,
    payedTime: carried.includes('payed') ? state.payed?.time : undefined,
    cancelTime: carried.includes('cancel_give_order') ? state.cancel_give_order?.time : undefined,
    refundTime: carried.includes('refund') ? state.refund?.time : undefined,
  };
}

/** Whether two entries give a milestone row the same content: rows hold neither event ids nor coupons. */
function sameContent(a: Entry, b: Entry): boolean {
  return (
    a.time === b.time &&
    a.payAmt === b.payAmt &&
    a.openId === b.openId &&
    a.couponBatchId === b.couponBatchId &&
    a.scene === b.scene &&
    a.chanId === b.chanId &&
    a.shopId === b.shopId
  );
}
