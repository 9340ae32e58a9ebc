import { CouponOrderProducer } from '../../producers/index.ts';
import { APP } from './holdings.ts';
import { quantiles } from './load.ts';
import type { Platform } from './platform.ts';

const RATE = 10;
const POLL_MS = 25;

/**
 * From the moment at which `payed` is handed to the producer to the first answer that offers its coupon, of `orders` orders of
 * buyers of their own, ten a second.
 */
export async function offerDelays(url: string, brokers: string, platform: Platform, orders: number) {
  const producer = new CouponOrderProducer({ brokers: [brokers], partitions: 4 });
  const run = Date.now();
  const delayOf = async (order: number): Promise<number> => {
    const openId = `oFresh-${run}-${order}`;
    const begin = performance.now();
    await producer.send([paid(`fresh-${run}-${order}`, openId)]);
    for (;;) {
      const response = await fetch(url, { method: 'POST', ...platform.sign(openId) });
      if ((await response.text()).includes(`"coupon-fresh-${run}-${order}"`))
        return performance.now() - begin;
      await pause(POLL_MS);
    }
  };
  // The consumers are there once they brought what was sent before.
  await delayOf(orders);
  const delays = await Promise.all(
    Array.from({ length: orders }, async (_, order) => {
      await pause((order * 1000) / RATE);
      return delayOf(order);
    }),
  );
  await producer.close();
  return { orders, ...quantiles(delays) };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const paid = (orderId: string, openId: string): object => ({
  coupon: {
    order_id: orderId,
    order_time: Date.now(),
    order_status: 'payed',
    coupon_batch_id: 'batch-0',
    pay_amt: '9.00',
  },
  coupon_info: [{ coupon_id: `coupon-${orderId}` }],
  page: 'pages/product',
  time: Date.now(),
  wx_user: { app_id: APP, open_id: openId },
  chan: { chan_wxapp_scene: 1037 },
});
