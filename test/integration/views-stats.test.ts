import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { insertRows, milestone } from './views-rows.ts';
import { startTestStore, type TestStore } from './test-store.ts';

let store: TestStore;

beforeAll(async () => {
  store = await startTestStore();
}, 120_000);

afterAll(() => store.stop());

const put = (...rows: Record<string, unknown>[]) => insertRows(store.clickhouse, 'milestones', rows);

const stats = (view: string, app: string, columns = '*') =>
  store.clickhouse.query<Record<string, unknown>>(
    `SELECT ${columns} FROM kaquan.${view} WHERE app_id = {app:String} ORDER BY ALL`,
    { params: { app } },
  );

describe('stats', () => {
  it('begin their minutes, hours and days in Asia/Shanghai', async () => {
    await put(
      milestone('zone', 'o1', 'payed', '2025-03-04 15:59:59.999'),
      milestone('zone', 'o2', 'payed', '2025-03-04 16:00:00.000'),
    );
    const buckets = async (view: string) => (await stats(view, 'zone', 'bucket')).map(({ bucket }) => bucket);
    expect(await buckets('stats_minute')).toEqual(['2025-03-04 23:59:00', '2025-03-05 00:00:00']);
    expect(await buckets('stats_hour')).toEqual(['2025-03-04 23:00:00', '2025-03-05 00:00:00']);
    expect(await buckets('stats_day')).toEqual(['2025-03-04', '2025-03-05']);
  });

  it('count each status under the dimensions and the amount of its own event', async () => {
    const at = '2025-03-04 10:00:30.000';
    await put(
      milestone('count', 'o1', 'give_order', at),
      milestone('count', 'o1', 'pay', at),
      milestone('count', 'o1', 'cancel_pay', at),
      milestone('count', 'o1', 'payed', at, { pay_amt_fen: 1 }),
      milestone('count', 'o2', 'payed', at, { pay_amt_fen: 2 }),
      milestone('count', 'o3', 'payed', at, { pay_amt_fen: 999, open_id: 'other' }),
      milestone('count', 'o1', 'refund', at, { pay_amt_fen: 10 }),
      milestone('count', 'o4', 'cancel_give_order', at),
      milestone('count', 'o5', 'payed', at, { chan_shop_id: 's1', coupon_batch_id: 'b2', pay_amt_fen: 700 }),
    );
    for (const [view, bucket] of [
      ['stats_minute', '2025-03-04 18:00:00'],
      ['stats_hour', '2025-03-04 18:00:00'],
      ['stats_day', '2025-03-04'],
    ] as const) {
      expect(await stats(view, 'count')).toEqual([
        {
          bucket,
          app_id: 'count',
          coupon_batch_id: 'b1',
          chan_wxapp_scene: 1037,
          chan_id: '',
          chan_shop_id: '',
          placed_orders: '1',
          pay_started_orders: '1',
          pay_closed_orders: '1',
          cancelled_orders: '1',
          paid_orders: '3',
          refunded_orders: '1',
          paid_amount: '10.02',
          refunded_amount: '0.1',
          paying_buyers: '2',
        },
        expect.objectContaining({
          coupon_batch_id: 'b2',
          chan_shop_id: 's1',
          paid_orders: '1',
          paid_amount: '7',
        }),
      ]);
    }
  });

  it('keep amounts exact where floats and 64 bits would not', async () => {
    const at = '2025-03-04 10:00:00.000';
    const rows = Array.from({ length: 1000 }, (_, index) =>
      milestone('exact', `o${index}`, 'payed', at, { pay_amt_fen: 10 ** 13 - 1 }),
    );
    await put(...rows);
    expect(await stats('stats_day', 'exact', 'paid_amount')).toEqual([{ paid_amount: '99999999999990' }]);
    await store.clickhouse.command(
      `INSERT INTO kaquan_store.milestones
       SELECT * REPLACE(concat(order_id, '-', toString(n)) AS order_id, 9000000000000000000 AS pay_amt_fen)
       FROM kaquan_store.milestones AS m ARRAY JOIN [1, 2] AS n WHERE m.app_id = 'exact' AND m.order_id = 'o1'`,
    );
    expect(await stats('stats_day', 'exact', 'paid_amount')).toEqual([{ paid_amount: '180099999999999990' }]);
  });

  it('show the highest revision before merges, whichever part came last, and no tombstone', async () => {
    await put(
      milestone('moved', 'o1', 'payed', '2025-03-04 10:05:00.000', { revision: 2, pay_amt_fen: 500 }),
    );
    await put(
      milestone('moved', 'o1', 'payed', '2025-03-04 10:09:00.000', { revision: 3, is_deleted: 1 }),
      milestone('moved', 'o1', 'payed', '2025-03-04 10:01:00.000', { revision: 3, pay_amt_fen: 300 }),
      milestone('moved', 'o1', 'payed', '2025-03-04 10:05:00.000', { revision: 3, is_deleted: 1 }),
    );
    await put(
      milestone('moved', 'o1', 'payed', '2025-03-04 10:09:00.000', { revision: 1, pay_amt_fen: 900 }),
    );
    await put(
      milestone('moved', 'o1', 'payed', '2025-03-04 10:01:00.000', { revision: 3, pay_amt_fen: 300 }),
    );
    const columns = 'bucket, paid_orders, paid_amount';
    expect(await stats('stats_minute', 'moved', columns)).toEqual([
      { bucket: '2025-03-04 18:01:00', paid_orders: '1', paid_amount: '3' },
    ]);
    expect(await stats('stats_day', 'moved', columns)).toEqual([
      { bucket: '2025-03-04', paid_orders: '1', paid_amount: '3' },
    ]);
  });

  it('have no row for a bucket from which everything moved away', async () => {
    await put(milestone('gone', 'o1', 'pay', '2025-03-04 10:05:00.000'));
    await put(milestone('gone', 'o1', 'pay', '2025-03-04 10:05:00.000', { revision: 2, is_deleted: 1 }));
    expect(await stats('stats_minute', 'gone')).toEqual([]);
  });

  it('are filtered on a column outside the key after the highest revision is known', async () => {
    await put(milestone('late', 'o1', 'payed', '2025-03-04 10:05:00.000', { coupon_batch_id: 'old' }));
    await put(
      milestone('late', 'o1', 'payed', '2025-03-04 10:05:00.000', { coupon_batch_id: 'new', revision: 2 }),
    );
    const rows = await store.clickhouse.query(
      "SELECT paid_orders FROM kaquan.stats_day WHERE app_id = 'late' AND coupon_batch_id = 'old'",
    );
    expect(rows).toEqual([]);
  });
});
