import { BOUNDS, type OrderStatus } from '../../schemas/coupon_order/event.ts';
import type { Entry } from '../../domain/order/state.ts';

/** The fields of an event that the fold reads, as the codec's projection gives them. */
export interface FoldedEvent {
  readonly event_id: Buffer;
  readonly coupon: {
    readonly order_id: string;
    readonly order_time: number;
    readonly order_status: OrderStatus;
    readonly coupon_batch_id: string;
    readonly pay_amt: number;
  };
  readonly coupon_info: readonly { readonly coupon_id: string }[];
  readonly time: number;
  readonly wx_user: { readonly app_id: string; readonly open_id: string };
  readonly chan: {
    readonly chan_wxapp_scene: number;
    readonly chan_id: string | null;
    readonly chan_shop_id: string | null;
  };
}

/** Why a record can't be processed: the `reason` of its dead letter. */
export type DeadReason =
  | 'no_value'
  | 'not_framed'
  | 'unknown_schema'
  | 'malformed'
  | 'damaged_text'
  | 'out_of_bounds'
  | 'implausible_time'
  | 'misrouted'
  | 'refused_by_store';

/** What a record is: an event to fold, or a dead letter. */
export type Verdict =
  | { readonly kind: 'event'; readonly order: OrderKey; readonly status: OrderStatus; readonly entry: Entry }
  | { readonly kind: 'dead'; readonly reason: DeadReason };

export interface OrderKey {
  readonly appId: string;
  readonly orderId: string;
  /** Identifies the order; unlike the record's key it is unambiguous whatever the ids hold. */
  readonly id: string;
}

/** The plausible distance of an event's times from its record's timestamp; ms. */
export interface Plausible {
  readonly past: number;
  readonly future: number;
}

/** How values of one writer schema are read. */
export interface EventReader {
  /** @returns undefined unless the value is an event that ends exactly at the value's end */
  folded(value: Buffer): FoldedEvent | undefined;
  /** Whether every field of the value keeps to the sizes that can be stored. */
  withinBounds(value: Buffer): boolean;
}

// No string, array or JSON text of a value this short can break its bound, so only longer values are read in full.
const SURELY_SMALL_BYTES = 1000;

const dead = (reason: DeadReason): Verdict => ({ kind: 'dead', reason });

/**
 * Judges one record's value: a function of the record alone, never of the clock, so that every consumer and every replay
 * gives the same verdict.
 * @param recordTime the record's timestamp, ms
 * @param key the record's key
 */
export function judge(
  reader: EventReader,
  value: Buffer,
  key: Buffer | null,
  recordTime: number,
  plausible: Plausible,
): Verdict {
  const event = reader.folded(value);
  if (event === undefined) return dead('malformed');
  if (isDamaged(event)) return dead('damaged_text');
  const { coupon, wx_user: user } = event;
  if (coupon.pay_amt < 0 || coupon.pay_amt > BOUNDS.payAmt) return dead('out_of_bounds');
  if (value.length > SURELY_SMALL_BYTES && !reader.withinBounds(value)) return dead('out_of_bounds');
  if (!isPlausible(event.time, recordTime, plausible) || !isPlausible(coupon.order_time, recordTime, plausible)) {
    return dead('implausible_time');
  }
  const expected = `${user.app_id}:${coupon.order_id}`;
  if (key?.toString() !== expected) return dead('misrouted');
  return {
    kind: 'event',
    order: { appId: user.app_id, orderId: coupon.order_id, id: `${user.app_id.length}:${expected}` },
    status: coupon.order_status,
    entry: entryOf(event),
  };
}

function isPlausible(time: number, recordTime: number, { past, future }: Plausible): boolean {
  return time >= Math.max(0, recordTime - past) && time <= recordTime + future;
}

// Bytes that are no UTF-8 decode to U+FFFD: the order's key in memory would no longer be the stored one.
const DAMAGE = '\uFFFD';

function isDamaged({ coupon, wx_user: user, chan, coupon_info: coupons }: FoldedEvent): boolean {
  return (
    coupon.order_id.includes(DAMAGE) ||
    coupon.coupon_batch_id.includes(DAMAGE) ||
    user.app_id.includes(DAMAGE) ||
    user.open_id.includes(DAMAGE) ||
    (chan.chan_id?.includes(DAMAGE) ?? false) ||
    (chan.chan_shop_id?.includes(DAMAGE) ?? false) ||
    coupons.some(({ coupon_id: id }) => id.includes(DAMAGE))
  );
}

function entryOf({ event_id, coupon, coupon_info: coupons, time, wx_user: user, chan }: FoldedEvent): Entry {
  return {
    time,
    eventId: event_id.toString('latin1'),
    orderTime: coupon.order_time,
    payAmt: coupon.pay_amt,
    openId: user.open_id,
    couponBatchId: coupon.coupon_batch_id,
    scene: chan.chan_wxapp_scene,
    chanId: chan.chan_id ?? '',
    shopId: chan.chan_shop_id ?? '',
    couponIds: coupons.map(({ coupon_id: id }) => id),
  };
}
