/** The six statuses of an order, in the order of how far they bring it (`refund` is the furthest). Source: 有数 coupon_order, order_status. */
export const ORDER_STATUSES = [
  'give_order',
  'pay',
  'cancel_pay',
  'cancel_give_order',
  'payed',
  'refund',
] as const;

export type OrderStatus = (typeof ORDER_STATUSES)[number];

/**
 * A coupon_order event, normalised: what `v1.avsc` describes, field by field.
 * Amounts are integer fen, times are integer milliseconds since 1970 (UTC). A `null` is an absent optional property;
 * an empty string is a present one.
 */
export interface CouponOrderEvent {
  /** 16 bytes of the UUID made from the report's content. */
  event_id: Buffer;
  coupon: {
    order_id: string;
    order_time: number;
    order_status: OrderStatus;
    coupon_batch_id: string;
    pay_amt: number;
  };
  coupon_info: { coupon_id: string }[];
  page: string;
  page_title: string | null;
  sr_sdk_version: string | null;
  time: number;
  wx_user: {
    app_id: string;
    open_id: string;
    user_id: string | null;
    union_id: string | null;
    local_id: string | null;
    tag: { tag_id: string | null; tag_name: string | null }[] | null;
    /** JSON text of an object, keys sorted. */
    extra: string | null;
  };
  chan: {
    chan_wxapp_scene: number;
    chan_id: string | null;
    chan_refer_app_id: string | null;
    chan_shop_id: string | null;
    chan_shop_name: string | null;
    chan_custom: ChanCustom | null;
    /** JSON text of an object, keys sorted. */
    extra: string | null;
  };
  component: { component_id: string | null; component_name: string | null } | null;
  from: string | null;
  tracking_id: string | null;
  /** JSON text of the properties outside the specification, each in its place below `props`; keys sorted. */
  unknown: string | null;
}

export interface ChanCustom {
  chan_custom_id: string | null;
  chan_custom_id_desc: string | null;
  chan_custom_cat_3: string | null;
  chan_custom_cat_3_desc: string | null;
  chan_custom_cat_2: string | null;
  chan_custom_cat_2_desc: string | null;
  chan_custom_cat_1: string | null;
  chan_custom_cat_1_desc: string | null;
}

/** The bounds within which an event can be stored; outside them it is refused by producers and dead-lettered by consumers. */
export const BOUNDS = {
  /** fen */
  payAmt: 10_000_000_000_000,
  /** characters */
  string: 1024,
  /** characters */
  page: 4096,
  /** elements */
  array: 1000,
  /** bytes of UTF-8, for `extra` and for unknown properties */
  json: 65_536,
  /** bytes of canonical JSON of the whole event: with its transport fields it stays below Kafka's default for a record, 1 MiB */
  event: 900_000,
} as const;
