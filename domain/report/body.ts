import type { ChanCustom, CouponOrderEvent } from '../../schemas/index.ts';

/** How the body writes what the specification leaves open. */
export interface BodyForm {
  /** The name of the order's facts: the specification's tables say `coupon`, its HTTP example says `order`. */
  readonly key: 'coupon' | 'order';
  /** `text`: 13-digit strings, as in the specification's examples. */
  readonly times: 'text' | 'number';
  /** Yuan; `text`: with two decimals, as in the specification's examples. */
  readonly amounts: 'text' | 'number';
}

export const DEFAULT_FORM: BodyForm = { key: 'coupon', times: 'text', amounts: 'text' };

/** An event as it is reported. */
export interface Report {
  /** 16 bytes, one character (0–255) each. */
  readonly eventId: string;
  readonly appId: string;
  /** ms */
  readonly time: number;
  /** ms */
  readonly orderTime: number;
  /** fen */
  readonly payAmt: number;
  /** The specification's HTTP body, as JSON. */
  readonly body: Buffer;
}

type Members = Readonly<Record<string, unknown>>;

/**
 * The specification's HTTP body of an event, `{type, props, from, tracking_id}`, as JSON text: every field that the event
 * has, and every unknown property in its place. An absent optional property is left out.
 */
export function reportBody(event: CouponOrderEvent, form: BodyForm): string {
  const { from, tracking_id, unknown } = event;
  const props = propsOf(event, form);
  return JSON.stringify({
    type: 'coupon_order',
    props: unknown === null ? props : merged(props, placesOf(unknown, form)),
    from: from ?? undefined,
    tracking_id: tracking_id ?? undefined,
  });
}

function propsOf(event: CouponOrderEvent, { key, times, amounts }: BodyForm) {
  const { coupon, coupon_info, page, page_title, sr_sdk_version, wx_user, chan, component } = event;
  const time = (ms: number) => (times === 'text' ? String(ms) : ms);
  return {
    [key]: {
      order_id: coupon.order_id,
      order_time: time(coupon.order_time),
      order_status: coupon.order_status,
      coupon_batch_id: coupon.coupon_batch_id,
      pay_amt: amounts === 'text' ? yuanText(coupon.pay_amt) : coupon.pay_amt / 100,
    },
    coupon_info,
    page,
    page_title: page_title ?? undefined,
    sr_sdk_version: sr_sdk_version ?? undefined,
    time: time(event.time),
    wx_user: userOf(wx_user),
    chan: channelOf(chan),
    component: component === null ? undefined : componentOf(component),
  };
}

function userOf({ app_id, open_id, user_id, union_id, local_id, tag, extra }: CouponOrderEvent['wx_user']) {
  return {
    app_id,
    open_id,
    user_id: user_id ?? undefined,
    union_id: union_id ?? undefined,
    local_id: local_id ?? undefined,
    tag: tag?.map(tagOf),
    extra: extra === null ? undefined : (JSON.parse(extra) as Members),
  };
}

function channelOf(chan: CouponOrderEvent['chan']) {
  return {
    chan_wxapp_scene: chan.chan_wxapp_scene,
    chan_id: chan.chan_id ?? undefined,
    chan_refer_app_id: chan.chan_refer_app_id ?? undefined,
    chan_shop_id: chan.chan_shop_id ?? undefined,
    chan_shop_name: chan.chan_shop_name ?? undefined,
    chan_custom: chan.chan_custom === null ? undefined : customOf(chan.chan_custom),
    extra: chan.extra === null ? undefined : (JSON.parse(chan.extra) as Members),
  };
}

// Members are named one by one, because going through their names costs as much as the rest of the body.
const tagOf = ({ tag_id, tag_name }: { tag_id: string | null; tag_name: string | null }) => ({
  tag_id: tag_id ?? undefined,
  tag_name: tag_name ?? undefined,
});

const componentOf = ({ component_id, component_name }: NonNullable<CouponOrderEvent['component']>) => ({
  component_id: component_id ?? undefined,
  component_name: component_name ?? undefined,
});

const customOf = (custom: ChanCustom) => ({
  chan_custom_id: custom.chan_custom_id ?? undefined,
  chan_custom_id_desc: custom.chan_custom_id_desc ?? undefined,
  chan_custom_cat_3: custom.chan_custom_cat_3 ?? undefined,
  chan_custom_cat_3_desc: custom.chan_custom_cat_3_desc ?? undefined,
  chan_custom_cat_2: custom.chan_custom_cat_2 ?? undefined,
  chan_custom_cat_2_desc: custom.chan_custom_cat_2_desc ?? undefined,
  chan_custom_cat_1: custom.chan_custom_cat_1 ?? undefined,
  chan_custom_cat_1_desc: custom.chan_custom_cat_1_desc ?? undefined,
});

/** Fen as yuan with two decimals. */
export function yuanText(fen: number): string {
  const cents = fen % 100;
  return `${(fen - cents) / 100}.${cents < 10 ? '0' : ''}${cents}`;
}

function placesOf(unknown: string, { key }: BodyForm): Members {
  const places = JSON.parse(unknown) as Members;
  if (key === 'coupon') return places;
  return Object.fromEntries(
    Object.entries(places).map(([name, member]) => [name === 'coupon' ? key : name, member]),
  );
}

/** `known` with the members of `places` where it has none; those of an array's elements lie under the index. */
function merged(known: unknown, places: unknown): unknown {
  if (places === undefined) return known;
  if (known === undefined) return places;
  const free = places as Members;
  if (Array.isArray(known)) return known.map((element, index) => merged(element, own(free, String(index))));
  const members = known as Members;
  // Entries, because a member may be called __proto__.
  return Object.fromEntries([
    ...Object.entries(members).map(([name, member]) => [name, merged(member, own(free, name))] as const),
    ...Object.entries(free).filter(([name]) => own(members, name) === undefined),
  ]);
}

const own = (members: Members, name: string): unknown =>
  Object.hasOwn(members, name) ? members[name] : undefined;
