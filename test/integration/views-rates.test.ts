import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { insertRows, milestone } from './views-rows.ts';
import { startTestStore, type TestStore } from './test-store.ts';

let store: TestStore;

beforeAll(async () => {
  store = await startTestStore();
}, 120_000);

afterAll(() => store.stop());

const put = (...rows: Record<string, unknown>[]) => insertRows(store.clickhouse, 'milestones', rows);

type Row = Record<string, unknown>;

const rates = (app: string) =>
  store.clickhouse.query<Row>('SELECT * FROM kaquan.rates_day WHERE app_id = {app:String} ORDER BY ALL', {
    params: { app },
  });

/** `[rate, numerator, denominator]` of a row. */
const parts = (row: Row | undefined, rate: string) =>
  ['', '_numerator', '_denominator'].map((suffix) => row?.[`${rate}${suffix}`]);

const PAID = '2025-03-04 10:00:00.000';

describe('rates_day', () => {
  it('has NULL for an empty denominator, and a row all the same', async () => {
    await put(milestone('empty', 'o1', 'refund', PAID, { payed_time: '2025-03-01 00:00:00.000' }));
    const [row, ...others] = await rates('empty');
    expect(others).toEqual([]);
    expect(parts(row, 'refund_rate_period')).toEqual([null, '1', '0']);
    expect(parts(row, 'refund_rate_7d')).toEqual([null, '0', '0']);
    expect(parts(row, 'refund_amount_rate_30d')).toEqual([null, '0', '0']);
    expect(parts(row, 'cancel_rate')).toEqual([null, '0', '0']);
    expect(parts(row, 'pay_abandon_rate')).toEqual([null, '0', '0']);
  });

  it('has no row where there is neither numerator nor denominator', async () => {
    await put(
      milestone('none', 'o1', 'cancel_pay', PAID),
      milestone('none', 'o1', 'cancel_give_order', PAID),
    );
    expect(await rates('none')).toEqual([]);
  });

  it('counts refunds within N × 24 h of the payment, to the millisecond, and those before it', async () => {
    const refunded = (order: string, refund: string | null, fen: number) =>
      milestone('within', order, 'payed', PAID, { refund_time: refund, pay_amt_fen: fen });
    await put(
      refunded('before', '2025-03-01 00:00:00.000', 100),
      refunded('at-7d', '2025-03-11 10:00:00.000', 20),
      refunded('after-7d', '2025-03-11 10:00:00.001', 3000),
      refunded('at-30d', '2025-04-03 10:00:00.000', 40000),
      refunded('after-30d', '2025-04-03 10:00:00.001', 500000),
      refunded('never', null, 6000000),
    );
    const [row] = await rates('within');
    expect(parts(row, 'refund_rate_7d')).toEqual([2 / 6, '2', '6']);
    expect(parts(row, 'refund_rate_30d')).toEqual([4 / 6, '4', '6']);
    expect(parts(row, 'refund_amount_rate_7d')).toEqual([1.2 / 65431.2, '1.2', '65431.2']);
    expect(parts(row, 'refund_amount_rate_30d')).toEqual([431.2 / 65431.2, '431.2', '65431.2']);
    expect(parts(row, 'refund_rate_period')).toEqual([0, '0', '6']);
  });

  it('counts the refunds of a period on their own day and under their own batch; the rate may exceed 1', async () => {
    await put(
      milestone('period', 'o1', 'payed', PAID, {
        refund_time: '2025-03-05 10:00:00.000',
        coupon_batch_id: 'a',
      }),
      milestone('period', 'o1', 'refund', '2025-03-05 10:00:00.000', {
        payed_time: PAID,
        coupon_batch_id: 'b',
      }),
      milestone('period', 'o2', 'refund', '2025-03-05 10:00:00.000', { coupon_batch_id: 'b' }),
      milestone('period', 'o3', 'payed', '2025-03-05 11:00:00.000', { coupon_batch_id: 'b' }),
    );
    const [a, b] = await rates('period');
    expect([a?.['day'], a?.['coupon_batch_id'], ...parts(a, 'refund_rate_7d')]).toEqual([
      '2025-03-04',
      'a',
      1,
      '1',
      '1',
    ]);
    expect(parts(a, 'refund_rate_period')).toEqual([0, '0', '1']);
    expect([b?.['day'], b?.['coupon_batch_id'], ...parts(b, 'refund_rate_7d')]).toEqual([
      '2025-03-05',
      'b',
      0,
      '0',
      '1',
    ]);
    expect(parts(b, 'refund_rate_period')).toEqual([2, '2', '1']);
  });

  it('counts as cancelled what was cancelled and never paid, and apart what was paid and cancelled', async () => {
    const cancelled = { cancel_give_order_time: '2025-03-04 11:00:00.000' };
    await put(
      milestone('cancel', 'o1', 'give_order', PAID, cancelled),
      milestone('cancel', 'o2', 'give_order', PAID, { ...cancelled, payed_time: '2025-03-05 00:00:00.000' }),
      milestone('cancel', 'o3', 'give_order', PAID, { payed_time: PAID }),
      milestone('cancel', 'o4', 'give_order', PAID),
      milestone('cancel', 'o2', 'payed', PAID, cancelled),
      milestone('cancel', 'o3', 'payed', PAID),
    );
    const [row] = await rates('cancel');
    expect(parts(row, 'cancel_rate')).toEqual([0.25, '1', '4']);
    expect(parts(row, 'cancel_after_pay_rate')).toEqual([0.5, '1', '2']);
  });

  it('counts as abandoned what was not paid within 24 h of the first pay', async () => {
    const started = (order: string, payed: string | null) =>
      milestone('abandon', order, 'pay', PAID, { payed_time: payed });
    await put(
      started('never', null),
      started('late', '2025-03-05 10:00:00.001'),
      started('in-time', '2025-03-05 10:00:00.000'),
      started('paid-before', '2025-03-04 09:00:00.000'),
    );
    const [row] = await rates('abandon');
    expect(parts(row, 'pay_abandon_rate')).toEqual([0.5, '2', '4']);
  });

  it('is mature once the end of the day in Asia/Shanghai lies N × 24 h behind', async () => {
    const today = async () => {
      const rows = await store.clickhouse.query<{ day: string }>(
        "SELECT toDate(now(), 'Asia/Shanghai') AS day",
      );
      return rows[0]?.day ?? '';
    };
    const noon = (day: string, back: number) =>
      `${new Date(Date.parse(day) - back * 86_400_000).toISOString().slice(0, 10)} 04:00:00.000`;
    const before = await today();
    const ages = [0, 1, 2, 7, 8, 30, 31];
    await put(...ages.map((age) => milestone('mature', `o${age}`, 'payed', noon(before, age))));
    const rows = (await rates('mature')).reverse();
    const after = await today();
    // Of two days, the one that the rows were judged by is not known: then the boundaries are only bounded.
    expect(rows).toHaveLength(ages.length);
    if (before !== after) return;
    const matureAges = (rate: string) => ages.filter((_, index) => rows[index]?.[`${rate}_mature`] === 1);
    expect(matureAges('pay_abandon_rate')).toEqual([2, 7, 8, 30, 31]);
    expect(matureAges('refund_rate_7d')).toEqual([8, 30, 31]);
    expect(matureAges('refund_amount_rate_7d')).toEqual([8, 30, 31]);
    expect(matureAges('refund_rate_30d')).toEqual([31]);
    expect(matureAges('refund_amount_rate_30d')).toEqual([31]);
  });
});
