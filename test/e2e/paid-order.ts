import { partitionOf } from '../../runtime/kafka/partitioner.ts';
import type { OutRecord } from '../../runtime/kafka/producer.ts';
import { encodeEvent, LATEST, type OrderStatus, parseReport } from '../../schemas/index.ts';

const HOUR = 3_600_000;

/** A report that an order was paid an hour ago. @param more properties beside those that must be there */
export function paidReport(orderId: string, more: object = {}): object {
  const time = Date.now() - HOUR;
  const coupon = {
    order_id: orderId,
    order_time: time,
    order_status: 'payed',
    coupon_batch_id: 'b',
    pay_amt: '9.00',
  };
  return {
    type: 'coupon_order',
    props: {
      coupon,
      coupon_info: [{ coupon_id: 'c' }],
      page: 'pages/x',
      time,
      wx_user: { app_id: 'wx1', open_id: 'o1' },
      chan: { chan_wxapp_scene: 1037 },
      ...more,
    },
  };
}

/** A report that such an order reached a status. @param afterMs of the time it was placed */
export function statusReport(
  { orderId, appId = 'wx1' }: { readonly orderId: string; readonly appId?: string },
  status: OrderStatus,
  afterMs: number,
): object {
  const { props, ...rest } = paidReport(orderId) as {
    props: { coupon: object; time: number; wx_user: object };
  };
  return {
    ...rest,
    props: {
      ...props,
      time: props.time + afterMs,
      coupon: { ...props.coupon, order_status: status },
      wx_user: { ...props.wx_user, app_id: appId },
    },
  };
}

/** Its record, as a producer of `partitions` partitions publishes it. */
export function paidRecord(
  orderId: string,
  partitions: number,
  { schemaId = LATEST.id, ...more }: { readonly schemaId?: number; readonly page?: string } = {},
): OutRecord & { readonly key: Buffer; readonly partition: number } {
  const parsed = parseReport(paidReport(orderId, more));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  const key = Buffer.from(`wx1:${orderId}`);
  return { key, value: encodeEvent(parsed.event, schemaId), partition: partitionOf(key, partitions) };
}
