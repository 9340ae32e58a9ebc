import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

import { partitionOf } from '../runtime/kafka/partitioner.ts';
import type { OutRecord } from '../runtime/kafka/producer.ts';
import { encodeEvent, type CouponOrderEvent, type OrderStatus } from '../schemas/index.ts';

export interface Workload {
  readonly events: number;
  readonly seed: number;
  /** The time of the last event, ms. */
  readonly until: number;
  /** The events' times lie this long before `until`, ms. */
  readonly spread: number;
  readonly partitions: number;
}

/** A record, and the event in it. */
export interface Made extends OutRecord {
  readonly event: CouponOrderEvent;
}

const PATHS: readonly (readonly OrderStatus[])[] = [
  ['give_order', 'pay', 'payed'],
  ['give_order', 'pay', 'payed'],
  ['give_order', 'pay', 'payed', 'refund'],
  ['give_order', 'pay', 'cancel_pay', 'pay', 'payed'],
  ['give_order', 'cancel_give_order'],
  ['give_order', 'pay', 'cancel_pay'],
];

const MINUTE = 60_000;
const DUPLICATES = 0.05;
const OUT_OF_ORDER = 0.1;
const VERY_LATE = 0.001;

/**
 * The specification's full sample (about 500 bytes of Avro) with other orders, buyers and times: 5 % duplicates, 10 %
 * out of order within a minute, 0.1 % later than an hour.
 */
export function* workload({ events, seed, until, spread, partitions }: Workload): Generator<Made> {
  const random = generatorOf(seed);
  const delayed: { record: Made; at: number }[] = [];
  let made = 0;
  for (let order = 0; made < events; order++) {
    const path = PATHS[Math.floor(random() * PATHS.length)] ?? [];
    const placed = until - spread + (spread * made) / events;
    for (const [step, status] of path.entries()) {
      if (made >= events) break;
      const record = recordOf(
        eventOf(
          `${seed}-${order.toString(36).padStart(8, '0')}`,
          order,
          status,
          placed,
          placed + step * 7_000,
          random,
        ),
        partitions,
      );
      const draw = random();
      if (draw < VERY_LATE) delayed.push({ record, at: made + Math.ceil((events * 3_600_000) / spread) });
      else if (draw < OUT_OF_ORDER)
        delayed.push({ record, at: made + Math.ceil((events * MINUTE * random()) / spread) });
      else yield record;
      made += 1;
      if (random() < DUPLICATES) delayed.push({ record, at: made + Math.floor(random() * 1000) });
      if (made % 256 === 0) yield* due(delayed, made);
    }
  }
  yield* due(delayed, Number.POSITIVE_INFINITY);
}

function* due(delayed: { record: Made; at: number }[], now: number): Generator<Made> {
  let kept = 0;
  for (const one of delayed) {
    if (one.at <= now) yield one.record;
    else delayed[kept++] = one;
  }
  delayed.length = kept;
}

function generatorOf(seed: number): () => number {
  const generator = xoroshiro128plus(seed);
  return () => uniformFloat64(generator);
}

function recordOf(event: CouponOrderEvent, partitions: number): Made {
  const key = Buffer.from(`${event.wx_user.app_id}:${event.coupon.order_id}`);
  return { partition: partitionOf(key, partitions), key, value: encodeEvent(event), event };
}

function eventOf(
  orderId: string,
  order: number,
  status: OrderStatus,
  placed: number,
  time: number,
  random: () => number,
): CouponOrderEvent {
  const eventId = Buffer.allocUnsafe(16);
  for (let i = 0; i < 16; i += 4) eventId.writeUInt32LE(Math.floor(random() * 0x1_0000_0000), i);
  const shop = String(order % 53);
  return {
    event_id: eventId,
    coupon: {
      order_id: `order-${orderId}`,
      order_time: Math.floor(placed),
      order_status: status,
      coupon_batch_id: `batch-${order % 200}`,
      pay_amt: 900 + (order % 5000),
    },
    coupon_info: [{ coupon_id: `coupon-${order}` }],
    page: 'pages/product?sku_id=AOdjf7u',
    page_title: '商品详情、商城首页',
    sr_sdk_version: null,
    time: Math.floor(time),
    wx_user: {
      app_id: `wx9d4f5f22pa099f8${order % 4}`,
      open_id: `ogN6X0T-ilsH-XmIdz${(order % 100_003).toString(36).padStart(10, '0')}`,
      user_id: '548019854034',
      union_id: 'o6_bmlsdaXds8d6_sgVt7hM3OPfL',
      local_id: '360b8853-64bf-3fba-e9a0-5abb1e4d7721',
      tag: [{ tag_id: '游客', tag_name: '游客' }],
      extra: null,
    },
    chan: {
      chan_wxapp_scene: 1037,
      chan_id: '11',
      chan_refer_app_id: 'wx9d6f5f6gea059654',
      chan_shop_id: shop,
      chan_shop_name: shop,
      chan_custom: {
        chan_custom_id: 'mp-article-12375',
        chan_custom_id_desc: '公众号文章(id=12375)',
        chan_custom_cat_3: 'mp-article',
        chan_custom_cat_3_desc: '公众号文章',
        chan_custom_cat_2: 'media',
        chan_custom_cat_2_desc: '媒体',
        chan_custom_cat_1: 'wechat',
        chan_custom_cat_1_desc: '微信',
      },
      extra: null,
    },
    component: { component_id: '', component_name: '' },
    from: null,
    tracking_id: null,
    unknown: null,
  };
}
