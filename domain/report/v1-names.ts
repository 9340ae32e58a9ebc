import { V1_STATUSES } from '../../schemas/index.ts';

const json = (text: string): Uint8Array => new TextEncoder().encode(text);
/** The name of a member behind others. */
const name = (text: string): Uint8Array => json(`,"${text}":`);
const LEVELS = ['chan_custom_id', 'chan_custom_cat_3', 'chan_custom_cat_2', 'chan_custom_cat_1'];

/** Where the body of a v1 value begins. @param key the name of the order's facts */
export const headOf = (key: string): Uint8Array =>
  json(`{"type":"coupon_order","props":{"${key}":{"order_id":`);

/** What stands between the values in the body of a v1 value: of a list one piece for each member. */
export const NAMES = {
  orderTime: name('order_time'),
  statuses: V1_STATUSES.map((status) => json(`,"order_status":"${status}"`)),
  batch: name('coupon_batch_id'),
  amount: name('pay_amt'),
  coupons: json('},"coupon_info":'),
  coupon: json(',{"coupon_id":'),
  page: name('page'),
  title: ['page_title', 'sr_sdk_version'].map(name),
  time: name('time'),
  user: json(',"wx_user":{"app_id":'),
  openId: name('open_id'),
  ids: ['user_id', 'union_id', 'local_id'].map(name),
  tags: name('tag'),
  tag: ['tag_id', 'tag_name'].map(name),
  extra: name('extra'),
  channel: json('},"chan":{"chan_wxapp_scene":'),
  channelIds: ['chan_id', 'chan_refer_app_id', 'chan_shop_id', 'chan_shop_name'].map(name),
  custom: name('chan_custom'),
  levels: LEVELS.flatMap((level) => [name(level), name(`${level}_desc`)]),
  component: name('component'),
  componentIds: ['component_id', 'component_name'].map(name),
  envelope: ['from', 'tracking_id'].map(name),
  comma: json(','),
  end: json('}'),
} as const;
