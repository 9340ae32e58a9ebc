import { avroType } from './avro-types.ts';
import type { OrderStatus } from './event.ts';
import { schemaFile } from './versions.ts';

/** What the fold reads of an event: `folded.avsc`, field by field. Amounts in fen, times in ms, null is absent. */
export interface FoldedValue {
  event_id: Buffer;
  coupon: {
    order_id: string;
    order_time: number;
    order_status: OrderStatus;
    coupon_batch_id: string;
    pay_amt: number;
  };
  coupon_info: { coupon_id: string }[];
  time: number;
  wx_user: { app_id: string; open_id: string };
  chan: { chan_wxapp_scene: number; chan_id: string | null; chan_shop_id: string | null };
}

export const FOLDED_TYPE = avroType(schemaFile('./folded.avsc'));

/** avsc reads numbers of any length without complaint: these must be what the schema says. */
export function hasSoundNumbers({ coupon, time, chan }: FoldedValue): boolean {
  return (
    Number.isSafeInteger(coupon.order_time) &&
    Number.isSafeInteger(coupon.pay_amt) &&
    Number.isSafeInteger(time) &&
    (chan.chan_wxapp_scene | 0) === chan.chan_wxapp_scene
  );
}

/** Whether no string holds U+FFFD, which decoding puts in the place of bytes that are no UTF-8. */
export function hasSoundText({ coupon, coupon_info, wx_user, chan }: FoldedValue): boolean {
  return (
    isSound(coupon.order_id) &&
    isSound(coupon.coupon_batch_id) &&
    isSound(wx_user.app_id) &&
    isSound(wx_user.open_id) &&
    (chan.chan_id === null || isSound(chan.chan_id)) &&
    (chan.chan_shop_id === null || isSound(chan.chan_shop_id)) &&
    coupon_info.every(({ coupon_id }) => isSound(coupon_id))
  );
}

const isSound = (text: string): boolean => !text.includes('\ufffd');
