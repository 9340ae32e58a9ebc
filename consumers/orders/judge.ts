import type { Entry } from '../../domain/order/state.ts';
import type { FoldedValue, OrderStatus, Schemas, Undecodable } from '../../schemas/index.ts';
import { SMALL_VALUE_BYTES, isAmount, withinBounds } from '../../schemas/index.ts';

/** Why a record can't be processed: the `reason` of its dead letter. */
export type DeadReason =
  | 'no_value'
  | 'not_framed'
  | Undecodable
  | 'out_of_bounds'
  | 'implausible_time'
  | 'misrouted'
  | 'refused_by_store';

/** What a record is: an event to fold, a dead letter, or nothing to this group. */
export type Verdict =
  | { readonly kind: 'event'; readonly order: OrderKey; readonly status: OrderStatus; readonly entry: Entry }
  | { readonly kind: 'dead'; readonly reason: DeadReason }
  | { readonly kind: 'skip'; readonly reason: string };

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

/** A framed value whose writer's schema is loaded. */
export interface Candidate {
  readonly schemaId: number;
  readonly value: Buffer;
  readonly key: Buffer | null;
  /** The record's timestamp, ms. */
  readonly time: number;
}

export const dead = (reason: DeadReason): Verdict => ({ kind: 'dead', reason });

/** `OrderKey.id` of an order: the record's key behind the length of its first part. */
export const orderId = (appId: string, order: string): string => `${appId.length}:${appId}:${order}`;

/**
 * Judges one record: a function of the record alone, never of the clock or of what was seen before, so that every
 * consumer and every replay gives the same verdict.
 */
export function judge(schemas: Schemas, candidate: Candidate, plausible: Plausible): Verdict {
  const { schemaId, value, key, time } = candidate;
  const folded = schemas.decodeFolded(schemaId, value);
  if (!folded.ok) return dead(folded.reason);
  const { coupon, wx_user: user } = folded.value;
  if (!isAmount(coupon.pay_amt)) return dead('out_of_bounds');
  if (value.length > SMALL_VALUE_BYTES && !isStorable(schemas, schemaId, value)) return dead('out_of_bounds');
  if (!isPlausible(folded.value.time, time, plausible) || !isPlausible(coupon.order_time, time, plausible)) {
    return dead('implausible_time');
  }
  const keyText = key?.toString();
  if (keyText !== `${user.app_id}:${coupon.order_id}`) return dead('misrouted');
  return {
    kind: 'event',
    order: {
      appId: user.app_id,
      orderId: coupon.order_id,
      id: `${user.app_id.length}:${keyText}`,
    },
    status: coupon.order_status,
    entry: entryOf(folded.value),
  };
}

function isStorable(schemas: Schemas, schemaId: number, value: Buffer): boolean {
  const event = schemas.decodeEvent(schemaId, value);
  return event.ok && withinBounds(event.value);
}

function isPlausible(time: number, recordTime: number, { past, future }: Plausible): boolean {
  return time >= Math.max(0, recordTime - past) && time <= recordTime + future;
}

/** What the fold keeps of an event. */
export function entryOf({
  event_id,
  coupon,
  coupon_info: coupons,
  time,
  wx_user: user,
  chan,
}: FoldedValue): Entry {
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
