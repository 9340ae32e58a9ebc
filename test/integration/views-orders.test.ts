import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { event, insertRows, least, state } from './views-rows.ts';
import { startTestStore, type TestStore } from './test-store.ts';
import { VIEW_COLUMNS } from '../../cli/chaos/oracle/columns.ts';

let store: TestStore;

beforeAll(async () => {
  store = await startTestStore();
}, 120_000);

afterAll(() => store.stop());

type Row = Record<string, unknown>;

const rowsOf = (view: string, app: string, columns = '*') =>
  store.clickhouse.query<Row>(
    `SELECT ${columns} FROM kaquan.${view} WHERE app_id = {app:String} ORDER BY ALL`,
    { params: { app } },
  );

const T = (minute: number) => `2025-03-04 10:${String(minute).padStart(2, '0')}:00.000`;

it.each(Object.keys(VIEW_COLUMNS))('%s has its columns, in their order', async (view) => {
  const described = await store.clickhouse.query<{ name: string; type: string }>(
    `DESCRIBE TABLE kaquan.${view}`,
  );
  expect(described.map(({ name }) => name)).toEqual(VIEW_COLUMNS[view]);
  expect(described.map(({ name, type }) => `${name} ${type}`)).toMatchSnapshot();
});

it.each(Object.keys(VIEW_COLUMNS))('an analyst reads %s', async (view) => {
  await expect(store.analyst.query(`SELECT * FROM kaquan.${view} LIMIT 1`)).resolves.toBeDefined();
});

it('an analyst reads no table', async () => {
  await expect(store.analyst.query('SELECT * FROM kaquan_store.events')).rejects.toMatchObject({
    name: 'ClickHouseError',
  });
});

describe('orders', () => {
  const put = (...rows: Row[]) => insertRows(store.clickhouse, 'states', rows);

  it('shows an absent status as NULL, and the rest from the payed event though others came later', async () => {
    const paid = {
      order_time: T(0),
      pay_amt_fen: 1234,
      open_id: 'payer',
      coupon_batch_id: 'b2',
      coupon_ids: ['c1', 'c2'],
      chan_wxapp_scene: 1001,
      chan_id: 'x',
      chan_shop_id: 's',
    };
    await put(
      state('full', 'o1', {
        give_order: least(T(1), { pay_amt_fen: 1 }),
        payed: least(T(5), paid),
        refund: least(T(9), { pay_amt_fen: 2 }),
      }),
    );
    expect(await rowsOf('orders', 'full')).toEqual([
      {
        app_id: 'full',
        order_id: 'o1',
        order_time: T(0),
        status: 'refund',
        placed_at: T(1),
        pay_started_at: null,
        pay_closed_at: null,
        paid_at: T(5),
        cancelled_at: null,
        refunded_at: T(9),
        pay_amt: '12.34',
        open_id: 'payer',
        coupon_batch_id: 'b2',
        coupon_ids: ['c1', 'c2'],
        chan_wxapp_scene: 1001,
        chan_id: 'x',
        chan_shop_id: 's',
      },
    ]);
  });

  it('takes the furthest status, and all else from the latest milestone while nothing is paid', async () => {
    const told = (minute: number, fen: number) => least(T(minute), { pay_amt_fen: fen });
    await put(
      state('told', 'a-give', { give_order: told(1, 100) }),
      state('told', 'b-pay-before-give', { give_order: told(5, 100), pay: told(1, 200) }),
      state('told', 'c-closed', { give_order: told(1, 100), pay: told(2, 200), cancel_pay: told(3, 300) }),
      state('told', 'd-tie', { give_order: told(4, 100), pay: told(4, 200), cancel_pay: told(4, 300) }),
      state('told', 'e-cancelled', { cancel_pay: told(9, 300), cancel_give_order: told(2, 400) }),
      state('told', 'f-refund-first', { refund: told(1, 600), cancel_give_order: told(2, 400) }),
      state('told', 'g-refund-tie', { refund: told(2, 600), cancel_give_order: told(2, 400) }),
      state('told', 'h-paid', { payed: told(1, 500), refund: told(9, 600), cancel_give_order: told(9, 400) }),
      state('told', 'i-paid-cancelled', { payed: told(1, 500), cancel_give_order: told(9, 400) }),
    );
    const rows = await rowsOf('orders', 'told', 'order_id, status, pay_amt');
    expect(rows.map((row) => Object.values(row))).toEqual([
      ['a-give', 'give_order', '1'],
      ['b-pay-before-give', 'pay', '1'],
      ['c-closed', 'cancel_pay', '3'],
      ['d-tie', 'cancel_pay', '3'],
      ['e-cancelled', 'cancel_give_order', '3'],
      ['f-refund-first', 'refund', '4'],
      ['g-refund-tie', 'refund', '6'],
      ['h-paid', 'refund', '5'],
      ['i-paid-cancelled', 'payed', '5'],
    ]);
  });

  it('joins the states of one order before they are merged, field by field from the least event', async () => {
    await put(state('join', 'o1', { give_order: least(T(2), { pay_amt_fen: 200 }), pay: least(T(3)) }, 2));
    await put(state('join', 'o1', { give_order: least(T(1), { pay_amt_fen: 100 }) }, 1));
    await put(state('join', 'o1', { payed: least(T(4), { event_id: 'b'.repeat(16), pay_amt_fen: 700 }) }, 3));
    await put(state('join', 'o1', { payed: least(T(4), { event_id: 'a'.repeat(16), pay_amt_fen: 800 }) }, 4));
    const columns = 'placed_at, pay_started_at, paid_at, refunded_at, pay_amt';
    expect(await rowsOf('orders', 'join', columns)).toEqual([
      { placed_at: T(1), pay_started_at: T(3), paid_at: T(4), refunded_at: null, pay_amt: '8' },
    ]);
  });
});

describe('coupon_order_events', () => {
  const put = (...rows: Row[]) => insertRows(store.clickhouse, 'events', rows);

  it('shows an event once: as its least place recorded it, also with the same place twice', async () => {
    const at = (generation: number, partition: number, offset: number, tracking: string) =>
      event('once', 'o1', 'payed', T(1), 'a', {
        generation,
        partition,
        offset,
        tracking_id: tracking,
        record_time: T(offset),
      });
    await put(at(2, 0, 1, 'generation 2'));
    await put(at(1, 1, 2, 'partition 1'), at(1, 0, 9, 'offset 9'));
    await put(at(1, 0, 3, 'least'));
    await put(at(1, 0, 3, 'least'));
    expect(await rowsOf('coupon_order_events', 'once', 'event_id, tracking_id, record_time')).toEqual([
      { event_id: '61616161-6161-6161-6161-616161616161', tracking_id: 'least', record_time: T(3) },
    ]);
    const [count] = await rowsOf('coupon_order_events', 'once', 'count() AS n');
    expect(count).toEqual({ n: '1' });
    const filtered = await store.clickhouse.query(
      "SELECT event_id FROM kaquan.coupon_order_events WHERE app_id = 'once' AND tracking_id = 'offset 9'",
    );
    expect(filtered).toEqual([]);
  });

  it('orders places by all digits of an offset and of a generation', async () => {
    const at = (generation: number, offset: string, tracking: string) => ({
      ...event('digits', 'o1', 'payed', T(1), 'a', {
        generation,
        partition: 4294967295,
        tracking_id: tracking,
      }),
      offset,
    });
    await put(at(4294967295, '0', 'late'), at(7, '18446744073709551615', 'least'), at(8, '1', 'later'));
    expect(await rowsOf('coupon_order_events', 'digits', 'tracking_id')).toEqual([{ tracking_id: 'least' }]);
  });

  it('keeps different events of one order and time apart', async () => {
    await put(
      event('apart', 'o1', 'payed', T(1), 'a'),
      event('apart', 'o1', 'payed', T(1), 'b', { pay_amt_fen: 5 }),
    );
    expect(await rowsOf('coupon_order_events', 'apart', 'pay_amt')).toEqual([
      { pay_amt: '0.05' },
      { pay_amt: '9' },
    ]);
  });
});

describe('order_anomalies', () => {
  const put = (...rows: Row[]) => insertRows(store.clickhouse, 'events', rows);

  it('says nothing of an order that can be right', async () => {
    await put(
      event('right', 'o1', 'give_order', T(1), 'a'),
      event('right', 'o1', 'payed', T(2), 'b', { record_time: '2025-03-04 09:57:00.000' }),
      event('right', 'o1', 'refund', T(3), 'c'),
    );
    expect(await rowsOf('order_anomalies', 'right')).toEqual([]);
  });

  it('names each kind once, with what was seen and nothing of the buyer', async () => {
    await put(
      event('wrong', 'refunded', 'give_order', T(1), '1'),
      event('wrong', 'refunded', 'refund', T(4), '3'),
      event('wrong', 'refunded', 'refund', T(2), '2'),
      event('wrong', 'unplaced', 'payed', T(2), '4'),
      event('wrong', 'amounts', 'give_order', T(1), '5', { pay_amt_fen: 900 }),
      event('wrong', 'amounts', 'give_order', T(1), '6', { pay_amt_fen: 800 }),
      event('wrong', 'amounts', 'pay', T(1), '7', { pay_amt_fen: 10005 }),
      event('wrong', 'placed-twice', 'pay', T(1), '8', { order_time: T(0) }),
      event('wrong', 'placed-twice', 'give_order', T(1), '9', { order_time: '2025-03-04 09:00:00.000' }),
      event('wrong', 'future', 'give_order', T(20), 'a', { record_time: '2025-03-04 10:14:59.999' }),
      event('wrong', 'future', 'pay', T(50), 'b', { record_time: T(10) }),
      event('wrong', 'placed-later', 'pay', T(1), 'c', { record_time: T(1), order_time: T(7) }),
    );
    expect(await rowsOf('order_anomalies', 'wrong', 'order_id, kind, detail')).toEqual(
      [
        ['amounts', 'amounts_differ', '8.00, 9.00, 100.05'],
        [
          'future',
          'future_time',
          'pay says 2025-03-04 10:50:00.000 UTC, recorded 2025-03-04 10:10:00.000 UTC',
        ],
        [
          'placed-later',
          'future_time',
          'pay says 2025-03-04 10:07:00.000 UTC, recorded 2025-03-04 10:01:00.000 UTC',
        ],
        ['placed-twice', 'order_time_differs', '2025-03-04 09:00:00.000, 2025-03-04 10:00:00.000 UTC'],
        ['refunded', 'refund_without_payment', 'refund at 2025-03-04 10:02:00.000 UTC, no payed'],
        ['unplaced', 'payed_without_give_order', 'payed at 2025-03-04 10:02:00.000 UTC, no give_order'],
      ].map(([order_id, kind, detail]) => ({ order_id, kind, detail })),
    );
  });

  it('takes exactly five minutes ahead for a clock, and a millisecond more for the future', async () => {
    await put(
      event('clock', 'five', 'give_order', T(5), 'a', { record_time: T(0) }),
      event('clock', 'more', 'give_order', '2025-03-04 10:05:00.001', 'b', { record_time: T(0) }),
    );
    expect(await rowsOf('order_anomalies', 'clock', 'order_id')).toEqual([{ order_id: 'more' }]);
  });

  it('does not take a replayed or repeated event for another', async () => {
    await put(event('again', 'o1', 'give_order', T(1), 'a', { tracking_id: 'x' }));
    await put(
      event('again', 'o1', 'give_order', T(1), 'a', {
        tracking_id: 'y',
        offset: 99,
        record_time: '2025-03-01 00:00:00.000',
      }),
    );
    expect(await rowsOf('order_anomalies', 'again')).toEqual([]);
  });
});
