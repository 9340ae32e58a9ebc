import type { ClickHouse } from '../../runtime/clickhouse/client.ts';

export const APP = 'ttbench';
export const BATCHES = 50;
/** Of the 1,000,000 holdings, each buyer has five. */
export const HOLDINGS_PER_BUYER = 5;
const CHUNK = 100_000;
const TIMEOUT_MS = 600_000;

export const openIdOf = (buyer: number): string => `oBenchBuyer${String(buyer).padStart(17, '0')}`;

const ABSENT = `(toDateTime64('2299-12-31 23:59:59.999', 3, 'UTC'), toFixedString('', 16), toDateTime64(0, 3, 'UTC'), 0, '', '', 0, '', '', [])`;

/**
 * Stores paid orders `from` to `to`, one coupon each, as the orders group would store them: their states, and what lies of their
 * events under the buyers' names. The orders of a buyer lie far apart, as in life.
 */
export async function fillHoldings(
  clickhouse: ClickHouse,
  from: number,
  to: number,
  buyers: number,
): Promise<void> {
  for (let start = from; start < to; start += CHUNK) {
    const numbers = `numbers(${start}, ${Math.min(CHUNK, to - start)})`;
    const openId = `concat('oBenchBuyer', leftPad(toString(number % ${buyers}), 17, '0'))`;
    const orderId = `concat('K', lower(hex(cityHash64(number))))`;
    const time = "toDateTime64(1760000000 + number % 10000000, 3, 'UTC')";
    const eventId = 'reinterpretAsFixedString(sipHash128(number))';
    const batchId = `concat('batch-', toString(number % ${BATCHES}))`;
    const couponIds = "[concat('coupon-', toString(number))]";
    const payed = `(${time}, ${eventId}, toDateTime64(1760000000, 3, 'UTC'), 900, ${openId}, ${batchId}, 1037, '', '', ${couponIds})`;
    await clickhouse.command(
      `INSERT INTO kaquan_store.states (app_id, order_id, revision, give_order, pay, cancel_pay, payed, cancel_give_order, refund)
       SELECT '${APP}', ${orderId}, 1, ${ABSENT}, ${ABSENT}, ${ABSENT}, ${payed}, ${ABSENT}, ${ABSENT} FROM ${numbers}`,
      { timeoutMs: TIMEOUT_MS },
    );
    await clickhouse.command(
      `INSERT INTO kaquan_store.buyer_orders (app_id, open_id, order_id, status, time, event_id, coupon_batch_id, coupon_ids)
       SELECT '${APP}', ${openId}, ${orderId}, 'payed', ${time}, ${eventId}, ${batchId}, ${couponIds} FROM ${numbers}`,
      { timeoutMs: TIMEOUT_MS },
    );
  }
}

/** Merges what was stored in a minute as the store would have done in the days that it takes in life. */
export async function mergeHoldings(clickhouse: ClickHouse): Promise<void> {
  for (const table of ['states', 'buyer_orders'])
    await clickhouse.command(`OPTIMIZE TABLE kaquan_store.${table} FINAL`, { timeoutMs: TIMEOUT_MS });
}

/** Of each of so many buyers, one coupon is used up. */
export async function redeemOneOfEach(clickhouse: ClickHouse, buyers: number): Promise<void> {
  await clickhouse.command(
    `INSERT INTO kaquan_store.redemptions (coupon_id, redeemed) SELECT concat('coupon-', toString(number)), 1 FROM numbers(${buyers})`,
    { timeoutMs: TIMEOUT_MS },
  );
  await clickhouse.command('OPTIMIZE TABLE kaquan_store.redemptions FINAL', { timeoutMs: TIMEOUT_MS });
}

/** A catalogue with coupons of goods and of orders, and an activity. */
export function benchCatalogue(goodsIds: readonly string[]): object {
  const lasting = {
    app_id: APP,
    rule: '每单可用一张',
    start_time: 1_735_660_800_000,
    end_time: 2_051_193_600_000,
  };
  return {
    coupon_batches: Array.from({ length: BATCHES }, (_, at) => ({
      ...lasting,
      coupon_batch_id: `batch-${at}`,
      name: `第 ${at} 批`,
      type: 1,
      dimension: at % 2 === 0 ? 'goods' : 'order',
      goods_ids: at % 2 === 0 ? [goodsIds[at % goodsIds.length]] : [],
      threshold_amount: at * 100,
      discount_amount: 100 + at,
    })),
    activities: [
      {
        ...lasting,
        id: 'activity',
        name: '满 20 减 2 元',
        dimension: 'goods',
        goods_ids: [],
        threshold_amount: 2000,
        discount_amount: 200,
      },
    ],
    memberships: [],
    scores: [],
  };
}
