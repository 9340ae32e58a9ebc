import { expect } from '@jest/globals';

import { distinctHoldings } from '../../domain/coupon/buyer.ts';
import { lookUpBuyers } from '../../services/marketing/holdings.ts';
import { storeOf } from '../e2e/kaquan.ts';

const BUYERS_AT_ONCE = 500;

/** That look-ups, which read what buyers themselves reported, find for every buyer what the view says, which reads all states. */
export async function lookUpsAgree(clickhouseUrl: string): Promise<void> {
  const clickhouse = storeOf({ clickhouseUrl });
  try {
    const buyers = await clickhouse.query<{ appId: string; openId: string }>(
      'SELECT DISTINCT app_id AS appId, open_id AS openId FROM kaquan_store.buyer_orders',
    );
    const found: string[] = [];
    for (let at = 0; at < buyers.length; at += BUYERS_AT_ONCE) {
      const asked = buyers.slice(at, at + BUYERS_AT_ONCE);
      const held = await lookUpBuyers(clickhouse)(
        asked,
        { version: undefined, identities: true },
        { timeoutMs: 60_000 },
      );
      for (const [index, { holdings }] of held.entries())
        for (const { couponId, couponBatchId, receiveTime } of distinctHoldings(holdings))
          found.push(
            JSON.stringify([...Object.values(asked[index] ?? {}), couponId, couponBatchId, receiveTime]),
          );
    }
    const view = await clickhouse.query<object>(
      `SELECT app_id, open_id, coupon_id, coupon_batch_id, toFloat64(toUnixTimestamp64Milli(received_at)) AS received
       FROM kaquan.holdings`,
      { timeoutMs: 60_000 },
    );
    expect(found.toSorted()).toEqual(view.map((row) => JSON.stringify(Object.values(row))).toSorted());
  } finally {
    await clickhouse.close();
  }
}
