import { canonicalJson } from './canonical-json.ts';
import type { ChanCustom, CouponOrderEvent } from './event.ts';

/** An event without the id that is made from it. */
export type EventContent = Omit<CouponOrderEvent, 'event_id'>;

type Members = Readonly<Record<string, unknown>>;

/** What a sender or its transport adds to props: sent again, it may differ, and the event is the same. */
const TRANSPORT = new Set([
  'log_id',
  'from',
  'tracking_id',
  'idenTifier',
  'system_info',
  'framework_info',
  'sr_sdk_version',
]);

/**
 * The text that an event's id is made from: the canonical JSON (RFC 8785) of the normalised report's props, amounts in
 * fen and times in milliseconds as numbers, null members of objects left out, unknown properties in their places, without
 * what the transport adds.
 */
export function canonicalProps(event: EventContent): string {
  const props = knownProps(event);
  if (event.unknown !== null) {
    const unknown = Object.entries(JSON.parse(event.unknown) as Members).filter(
      ([key]) => !TRANSPORT.has(key),
    );
    return canonicalJson(merged(props, Object.fromEntries(unknown)));
  }
  const hasFreeObject = event.wx_user.extra !== null || event.chan.extra !== null;
  return hasFreeObject ? canonicalJson(props) : JSON.stringify(props);
}

/** `known` with the members of `unknown` in their places; an array's lie under the index of the element. */
function merged(known: unknown, unknown: unknown): unknown {
  if (known === undefined) return unknown;
  if (unknown === undefined) return known;
  const places = unknown as Members;
  if (Array.isArray(known)) return known.map((element, index) => merged(element, own(places, String(index))));
  const members = Object.entries(known as Members).map(([key, value]) => [
    key,
    merged(value, own(places, key)),
  ]);
  return Object.fromEntries([...Object.entries(places), ...members]);
}

const own = (members: Members, key: string): unknown =>
  Object.hasOwn(members, key) ? members[key] : undefined;

/**
 * The known props, members in the order of their names and undefined where they are absent: `JSON.stringify` makes the
 * canonical text of it, as long as there is nothing else to be sorted in.
 */
function knownProps({ chan, component, coupon, coupon_info, page, page_title, time, wx_user }: EventContent) {
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
    extra: parsed(chan.extra),
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
    extra: parsed(user.extra),
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

function parsed(text: string | null): unknown {
  return text === null ? undefined : JSON.parse(text);
}
