import type { OrderStatus } from '../../schemas/coupon_order/event.ts';

/** What the fold keeps of an event: the fields that statistics and the order's view read. */
export interface Entry {
  /** ms since 1970: when the status happened. */
  readonly time: number;
  /** 16 bytes, one character (0–255) each, so that `<` is the order of bytes. */
  readonly eventId: string;
  /** ms since 1970: when the order was placed. */
  readonly orderTime: number;
  /** fen */
  readonly payAmt: number;
  readonly openId: string;
  readonly couponBatchId: string;
  readonly scene: number;
  /** `''` when absent, as are all dimensions. */
  readonly chanId: string;
  readonly shopId: string;
  readonly couponIds: readonly string[];
}

/**
 * An order: per status the least event by (time, eventId, everything folded). A join-semilattice: folding an event in is
 * commutative, associative and idempotent.
 */
export interface OrderState {
  /** How many events changed the state. */
  readonly revision: number;
  readonly give_order: Entry | undefined;
  readonly pay: Entry | undefined;
  readonly cancel_pay: Entry | undefined;
  readonly payed: Entry | undefined;
  readonly cancel_give_order: Entry | undefined;
  readonly refund: Entry | undefined;
}

/** Changes when the fold or a row's content changes: then new tables and a rebuild are needed, never a rolling deploy. */
export const FOLD_VERSION = '1';

export const NO_STATE: OrderState = {
  revision: 0,
  give_order: undefined,
  pay: undefined,
  cancel_pay: undefined,
  payed: undefined,
  cancel_give_order: undefined,
  refund: undefined,
};

/** The statuses in the order in which tables number them, from 1. */
export const STATUSES = [
  'give_order',
  'pay',
  'cancel_pay',
  'payed',
  'cancel_give_order',
  'refund',
] as const satisfies readonly OrderStatus[];

/**
 * The order of entries of one status, the same as ClickHouse's order of the stored tuples.
 * @returns negative when `a` is less
 */
export function compareEntries(a: Entry, b: Entry): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.eventId !== b.eventId) return a.eventId < b.eventId ? -1 : 1;
  return (
    a.orderTime - b.orderTime ||
    a.payAmt - b.payAmt ||
    compareText(a.openId, b.openId) ||
    compareText(a.couponBatchId, b.couponBatchId) ||
    a.scene - b.scene ||
    compareText(a.chanId, b.chanId) ||
    compareText(a.shopId, b.shopId) ||
    compareLists(a.couponIds, b.couponIds)
  );
}

// By code point, which is ClickHouse's order of UTF-8 bytes; JavaScript's `<` compares UTF-16 units.
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const left = Array.from(a, codePoint);
  const right = Array.from(b, codePoint);
  return compareBy(left, right, (x, y) => x - y);
}

const codePoint = (character: string): number => character.codePointAt(0) ?? 0;

function compareLists(a: readonly string[], b: readonly string[]): number {
  return compareBy(a, b, compareText);
}

function compareBy<T>(a: readonly T[], b: readonly T[], compare: (x: T, y: T) => number): number {
  for (const [i, x] of a.entries()) {
    const y = b[i];
    if (y === undefined) return 1;
    const difference = compare(x, y);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
