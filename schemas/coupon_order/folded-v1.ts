import { BodyReader } from './body-reader.ts';
import type { OrderStatus } from './event.ts';
import type { FoldedValue } from './folded.ts';

/** In the order of v1's symbols. */
export const V1_STATUSES: readonly OrderStatus[] = [
  'give_order',
  'pay',
  'cancel_pay',
  'payed',
  'cancel_give_order',
  'refund',
];

/**
 * Reads what the fold needs of the values of v1, more than twice as fast as by its schema: a frozen schema's layout is
 * written out here, field by field. It reads what the schema's own reader reads, and tests hold it to that.
 * @returns a reader of the body that begins at `offset`, which throws on bytes that are no value of v1.
 */
export function foldedV1(): (value: Buffer, offset: number) => FoldedValue {
  const body = new BodyReader();
  return (value, offset) => {
    body.start(value, offset);
    const folded = eventOf(body);
    body.end();
    return folded;
  };
}

function eventOf(body: BodyReader): FoldedValue {
  const event_id = body.fixed(16);
  const coupon = couponOf(body);
  const coupon_info = couponsOf(body);
  body.skipText(); // page
  body.skipOptionalText(); // page_title
  body.skipOptionalText(); // sr_sdk_version
  const time = body.integer();
  const wx_user = userOf(body);
  const chan = channelOf(body);
  if (body.index(2) === 1) skipOptionalTexts(body, 2); // component
  skipOptionalTexts(body, 3); // from, tracking_id, unknown
  return { event_id, coupon, coupon_info, time, wx_user, chan };
}

function couponOf(body: BodyReader): FoldedValue['coupon'] {
  const order_id = body.text();
  const order_time = body.integer();
  const order_status = V1_STATUSES[body.index(V1_STATUSES.length)] ?? 'give_order';
  const coupon_batch_id = body.repeatedText();
  const pay_amt = body.integer();
  return { order_id, order_time, order_status, coupon_batch_id, pay_amt };
}

function couponsOf(body: BodyReader): FoldedValue['coupon_info'] {
  const coupons: { coupon_id: string }[] = [];
  body.items(() => {
    coupons.push({ coupon_id: body.text() });
  });
  return coupons;
}

function userOf(body: BodyReader): FoldedValue['wx_user'] {
  const app_id = body.repeatedText();
  const open_id = body.text();
  skipOptionalTexts(body, 3); // user_id, union_id, local_id
  if (body.index(2) === 1) skipTags(body);
  body.skipOptionalText(); // extra
  return { app_id, open_id };
}

function skipTags(body: BodyReader): void {
  body.items(() => {
    skipOptionalTexts(body, 2);
  });
}

function channelOf(body: BodyReader): FoldedValue['chan'] {
  const chan_wxapp_scene = body.integer();
  const chan_id = body.optionalRepeatedText();
  body.skipOptionalText(); // chan_refer_app_id
  const chan_shop_id = body.optionalRepeatedText();
  body.skipOptionalText(); // chan_shop_name
  if (body.index(2) === 1) skipOptionalTexts(body, 8); // chan_custom
  body.skipOptionalText(); // extra
  return { chan_wxapp_scene, chan_id, chan_shop_id };
}

function skipOptionalTexts(body: BodyReader, count: number): void {
  for (let left = count; left > 0; left -= 1) body.skipOptionalText();
}
