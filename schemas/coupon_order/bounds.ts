import { BOUNDS, type CouponOrderEvent } from './event.ts';

/** A value of at most this many bytes can't hold a string or an array beyond its bound. */
export const SMALL_VALUE_BYTES = 1000;

/**
 * Whether an event is within `BOUNDS`, as its rules ask of reports: its amount, the characters (UTF-16 code units) of
 * its strings, the elements of its arrays, the bytes of its JSON texts.
 */
export function withinBounds(event: CouponOrderEvent): boolean {
  const { page, unknown, coupon, coupon_info, wx_user, chan, ...others } = event;
  const { extra: userExtra, tag, ...user } = wx_user;
  const { extra: chanExtra, ...channel } = chan;
  return (
    isAmount(coupon.pay_amt) &&
    page.length <= BOUNDS.page &&
    [unknown, userExtra, chanExtra].every(
      (text) => text === null || Buffer.byteLength(text) <= BOUNDS.json,
    ) &&
    coupon_info.length <= BOUNDS.array &&
    (tag?.length ?? 0) <= BOUNDS.array &&
    hasShortStrings([coupon, coupon_info, tag, user, channel, others])
  );
}

/** Whether an amount in fen is within the bounds. */
export function isAmount(fen: number): boolean {
  return fen >= 0 && fen <= BOUNDS.payAmt;
}

function hasShortStrings(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= BOUNDS.string;
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return true;
  return Object.values(value).every(hasShortStrings);
}
