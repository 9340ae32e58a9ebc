import type { ChanCustom, CouponOrderEvent } from './event.ts';
import { eventId } from './event-id.ts';
import type { Props } from './rules.ts';

/** What a report holds beside its props' known properties. */
export interface Surroundings {
  readonly from: string | null;
  readonly tracking_id: string | null;
  /** JSON text. */
  readonly unknown: string | null;
}

/** The event of props that kept all rules. */
export function normalised(props: Props, around: Surroundings): CouponOrderEvent {
  const content = {
    coupon: orderOf(props),
    coupon_info: props.coupon_info,
    page: props.page,
    page_title: props.page_title ?? null,
    sr_sdk_version: props.sr_sdk_version ?? null,
    time: props.time,
    wx_user: userOf(props.wx_user),
    chan: channelOf(props.chan),
    component: componentOf(props.component),
    from: around.from,
    tracking_id: around.tracking_id,
    unknown: around.unknown,
  };
  return { event_id: eventId(content), ...content };
}

function orderOf({ coupon, order }: Props): CouponOrderEvent['coupon'] {
  const facts = coupon ?? order;
  if (facts == null) throw new TypeError('props that kept all rules have coupon or order');
  return facts;
}

function userOf(user: Props['wx_user']): CouponOrderEvent['wx_user'] {
  return {
    app_id: user.app_id,
    open_id: user.open_id,
    user_id: user.user_id ?? null,
    union_id: user.union_id ?? null,
    local_id: user.local_id ?? null,
    tag:
      user.tag?.map(({ tag_id, tag_name }) => ({ tag_id: tag_id ?? null, tag_name: tag_name ?? null })) ??
      null,
    extra: user.extra ?? null,
  };
}

function channelOf(chan: Props['chan']): CouponOrderEvent['chan'] {
  return {
    chan_wxapp_scene: chan.chan_wxapp_scene,
    chan_id: chan.chan_id ?? null,
    chan_refer_app_id: chan.chan_refer_app_id ?? null,
    chan_shop_id: chan.chan_shop_id ?? null,
    chan_shop_name: chan.chan_shop_name ?? null,
    chan_custom: customOf(chan.chan_custom),
    extra: chan.extra ?? null,
  };
}

function customOf(custom: Props['chan']['chan_custom']): ChanCustom | null {
  if (custom == null) return null;
  return {
    chan_custom_id: custom.chan_custom_id ?? null,
    chan_custom_id_desc: custom.chan_custom_id_desc ?? null,
    chan_custom_cat_3: custom.chan_custom_cat_3 ?? null,
    chan_custom_cat_3_desc: custom.chan_custom_cat_3_desc ?? null,
    chan_custom_cat_2: custom.chan_custom_cat_2 ?? null,
    chan_custom_cat_2_desc: custom.chan_custom_cat_2_desc ?? null,
    chan_custom_cat_1: custom.chan_custom_cat_1 ?? null,
    chan_custom_cat_1_desc: custom.chan_custom_cat_1_desc ?? null,
  };
}

function componentOf(component: Props['component']): CouponOrderEvent['component'] {
  if (component == null) return null;
  return { component_id: component.component_id ?? null, component_name: component.component_name ?? null };
}
