import { jsonPiece, V1_STATUSES, type JsonPiece } from '../../schemas/index.ts';

/** The name of a member behind others. */
const name = (text: string): JsonPiece => jsonPiece(`,"${text}":`);
const LEVELS = ['chan_custom_id', 'chan_custom_cat_3', 'chan_custom_cat_2', 'chan_custom_cat_1'];

/** Where the body of a v1 value begins. @param key the name of the order's facts */
export const headOf = (key: string): JsonPiece =>
  jsonPiece(`{"type":"coupon_order","props":{"${key}":{"order_id":`);

/** What stands between the values in the body of a v1 value: of a list one piece for each member. */
export const NAMES = {
  orderTime: name('order_time'),
  statuses: V1_STATUSES.map((status) => jsonPiece(`,"order_status":"${status}"`)),
  batch: name('coupon_batch_id'),
  amount: name('pay_amt'),
  coupons: jsonPiece('},"coupon_info":'),
  coupon: jsonPiece(',{"coupon_id":'),
  page: name('page'),
  title: ['page_title', 'sr_sdk_version'].map(name),
  time: name('time'),
  user: jsonPiece(',"wx_user":{"app_id":'),
  openId: name('open_id'),
  ids: ['user_id', 'union_id', 'local_id'].map(name),
  tags: name('tag'),
  tag: ['tag_id', 'tag_name'].map(name),
  extra: name('extra'),
  channel: jsonPiece('},"chan":{"chan_wxapp_scene":'),
  channelIds: ['chan_id', 'chan_refer_app_id', 'chan_shop_id', 'chan_shop_name'].map(name),
  custom: name('chan_custom'),
  levels: LEVELS.flatMap((level) => [name(level), name(`${level}_desc`)]),
  component: name('component'),
  componentIds: ['component_id', 'component_name'].map(name),
  envelope: ['from', 'tracking_id'].map(name),
  comma: jsonPiece(','),
  end: jsonPiece('}'),
} as const;
