import { hash } from 'node:crypto';

import type { Order } from './order.ts';

/** A report body, or a part of one, as it goes over the wire; what it holds is the specification's matter. */
export type Report = Record<string, unknown>;

/** What all reports of an order have in common. */
export interface Surroundings {
  readonly wx_user: Report;
  readonly chan: Report;
  readonly trackingId: string;
}

const known = new WeakMap<Order, Surroundings>();

/** Made once for each order: its reports are many, and must not be changed. */
export function surroundingsOf(order: Order): Surroundings {
  const made = known.get(order) ?? {
    wx_user: userOf(order),
    chan: channelOf(order),
    trackingId: trackingIdOf(order),
  };
  known.set(order, made);
  return made;
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

/** As the mini programs' kit makes it: milliseconds and a UUID of version 4. */
function trackingIdOf({ buyer, placedAt }: Order): string {
  const hex = hash('sha256', `${buyer.openId}/${placedAt}`);
  const uuid = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return `${placedAt}-${uuid.join('-')}`;
}
