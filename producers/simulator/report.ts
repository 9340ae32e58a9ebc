import { createHash } from 'node:crypto';

import type { Order, Step } from './order.ts';

/** A report body as it goes over the wire; what it holds is the specification's matter. */
export type Report = Record<string, unknown>;

/** How a report is written down; all forms of one report mean the same event. */
export interface Form {
  /** The key that the specification's HTTP sample uses instead of `coupon`. */
  readonly legacyKey: boolean;
  readonly amountAsNumber: boolean;
  readonly timesAsNumbers: boolean;
  /** Without the `{type, props}` around it. */
  readonly bare: boolean;
  readonly reversed: boolean;
}

export const USUAL_FORM: Form = {
  legacyKey: false,
  amountAsNumber: false,
  timesAsNumbers: false,
  bare: false,
  reversed: false,
};

const SDK_VERSION = '2.1.1';

/** The report of one step of an order. */
export function reportOf(order: Order, step: Step, form: Form): Report {
  const inFull = step.reporter === 'mini-program';
  const props = inFull ? fullProps(order, step, form) : requiredProps(order, step, form);
  const written = form.reversed ? reversed(props) : props;
  if (form.bare) return written;
  const envelope = { type: 'coupon_order', props: written };
  return inFull ? { ...envelope, from: 'sr-sdk-wxapp', tracking_id: trackingId(order) } : envelope;
}

const timeText = (time: number, form: Form): string | number => (form.timesAsNumbers ? time : String(time));

function couponOf(order: Order, step: Step, form: Form): Report {
  return {
    order_id: order.id,
    order_time: timeText(order.placedAt, form),
    order_status: step.status,
    coupon_batch_id: order.batch.id,
    pay_amt: form.amountAsNumber ? order.payAmtFen / 100 : yuan(order.payAmtFen),
  };
}

const yuan = (fen: number): string => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`;

function requiredProps(order: Order, step: Step, form: Form): Report {
  return {
    [form.legacyKey ? 'order' : 'coupon']: couponOf(order, step, form),
    coupon_info: order.couponIds.map((id) => ({ coupon_id: id })),
    page: 'pages/order/notify',
    time: timeText(step.time, form),
    wx_user: { app_id: order.app.id, open_id: order.buyer.openId },
    chan: { chan_wxapp_scene: order.scene },
  };
}

function fullProps(order: Order, step: Step, form: Form): Report {
  return {
    ...requiredProps(order, step, form),
    page: order.batch.page,
    page_title: order.batch.title,
    sr_sdk_version: SDK_VERSION,
    wx_user: userOf(order),
    chan: channelOf(order),
    component: { component_id: '', component_name: '' },
  };
}

function userOf({ app, buyer }: Order): Report {
  return {
    app_id: app.id,
    open_id: buyer.openId,
    ...(buyer.userId !== null && { user_id: buyer.userId }),
    ...(buyer.unionId !== null && { union_id: buyer.unionId }),
    local_id: buyer.localId,
    ...(buyer.tags.length > 0 && { tag: buyer.tags.map((tag) => ({ tag_id: tag, tag_name: tag })) }),
  };
}

function channelOf({ scene, channel, shop, fromAdvertisement }: Order): Report {
  return {
    chan_wxapp_scene: scene,
    ...(channel && { chan_id: channel.id, chan_refer_app_id: channel.referAppId }),
    ...(shop && { chan_shop_id: shop.id, chan_shop_name: shop.name }),
    ...(channel && { chan_custom: channel.custom }),
    ...(fromAdvertisement && {
      gdt_vid: `wx0${scene}${channel?.id ?? ''}`,
      extra: { campaign: 'summer', position: 3 },
    }),
  };
}

const reversed = (props: Report): Report => Object.fromEntries(Object.entries(props).reverse());

function trackingId(order: Order): string {
  const hex = createHash('sha256').update(`${order.buyer.openId}/${order.placedAt}`).digest('hex');
  return `${order.placedAt}-${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
