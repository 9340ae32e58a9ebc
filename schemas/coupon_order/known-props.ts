import type { ChanCustom, CouponOrderEvent } from './event.ts';

/** An event without the id that is made from it. */
export type EventContent = Omit<CouponOrderEvent, 'event_id'>;

/**
 * The known props, members in the order of their names and undefined where they are absent: `JSON.stringify` makes the
 * canonical text of it.
 */
export function knownProps({
  chan,
  component,
  coupon,
  coupon_info,
  page,
  page_title,
  time,
  wx_user,
}: EventContent) {
  return {
    chan: channel(chan),
    component: component === null ? undefined : named(component),
    coupon: order(coupon),
    coupon_info,
    page,
    page_title: page_title ?? undefined,
    time,
    wx_user: user(wx_user),
  };
}

function channel(chan: EventContent['chan']) {
  return {
    chan_custom: chan.chan_custom === null ? undefined : custom(chan.chan_custom),
    chan_id: chan.chan_id ?? undefined,
    chan_refer_app_id: chan.chan_refer_app_id ?? undefined,
    chan_shop_id: chan.chan_shop_id ?? undefined,
    chan_shop_name: chan.chan_shop_name ?? undefined,
    chan_wxapp_scene: chan.chan_wxapp_scene,
  };
}

function custom(chan: ChanCustom) {
  return {
    chan_custom_cat_1: chan.chan_custom_cat_1 ?? undefined,
    chan_custom_cat_1_desc: chan.chan_custom_cat_1_desc ?? undefined,
    chan_custom_cat_2: chan.chan_custom_cat_2 ?? undefined,
    chan_custom_cat_2_desc: chan.chan_custom_cat_2_desc ?? undefined,
    chan_custom_cat_3: chan.chan_custom_cat_3 ?? undefined,
    chan_custom_cat_3_desc: chan.chan_custom_cat_3_desc ?? undefined,
    chan_custom_id: chan.chan_custom_id ?? undefined,
    chan_custom_id_desc: chan.chan_custom_id_desc ?? undefined,
  };
}

function named({ component_id, component_name }: NonNullable<EventContent['component']>) {
  return { component_id: component_id ?? undefined, component_name: component_name ?? undefined };
}

function order({ coupon_batch_id, order_id, order_status, order_time, pay_amt }: EventContent['coupon']) {
  return { coupon_batch_id, order_id, order_status, order_time, pay_amt };
}

function user(user: EventContent['wx_user']) {
  return {
    app_id: user.app_id,
    local_id: user.local_id ?? undefined,
    open_id: user.open_id,
    tag: user.tag?.map(({ tag_id, tag_name }) => ({
      tag_id: tag_id ?? undefined,
      tag_name: tag_name ?? undefined,
    })),
    union_id: user.union_id ?? undefined,
    user_id: user.user_id ?? undefined,
  };
}
