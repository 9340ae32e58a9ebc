import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { insertRows } from './views-rows.ts';
import { startTestStore, type TestStore } from './test-store.ts';

let store: TestStore;

beforeAll(async () => {
  store = await startTestStore();
}, 120_000);

afterAll(() => store.stop());

const id = (event: string): string => event.padEnd(16, '.');

const published = (app: string, event: string, time: string, offset = 0) => ({
  app_id: app,
  time,
  event_id: id(event),
  generation: 1,
  partition: 0,
  offset,
  record_time: time,
  order_id: 'o',
  order_status: 'payed',
});

const delivered = (app: string, event: string, time: string, outcome: string, offset = 0) => ({
  app_id: app,
  time,
  event_id: id(event),
  outcome,
  generation: 1,
  partition: 0,
  offset,
  at: '2025-03-09 00:00:00.000',
  attempts: 1,
  status: 200,
  code: 0,
});

const NOON = '2025-03-04 04:00:00.000';
const put = (table: string, ...rows: Record<string, unknown>[]) => insertRows(store.clickhouse, table, rows);
const days = (app: string) =>
  store.analyst.query<Record<string, unknown>>(
    'SELECT * EXCEPT app_id FROM kaquan.report_deliveries_day WHERE app_id = {app:String} ORDER BY day',
    { params: { app } },
  );

it('counts an event once, on the day of its time where the merchant is', async () => {
  await put(
    'events',
    published('once', 'a', '2025-03-04 15:59:59.999'),
    published('once', 'a', '2025-03-04 15:59:59.999', 7),
    published('once', 'b', '2025-03-04 16:00:00.000'),
  );
  await put(
    'report_deliveries',
    delivered('once', 'a', '2025-03-04 15:59:59.999', 'accepted'),
    delivered('once', 'a', '2025-03-04 15:59:59.999', 'accepted', 7),
  );
  expect(await days('once')).toEqual([
    { day: '2025-03-04', published: '1', accepted: '1', refused: '0', waiting: '0', oldest_waiting_at: null },
    {
      day: '2025-03-05',
      published: '1',
      accepted: '0',
      refused: '0',
      waiting: '1',
      oldest_waiting_at: '2025-03-04 16:00:00.000',
    },
  ]);
});

it('counts one that was accepted after a redrive as accepted only', async () => {
  await put('events', published('redriven', 'a', NOON), published('redriven', 'b', NOON));
  await put('report_deliveries', delivered('redriven', 'a', NOON, 'accepted', 9));
  await put(
    'report_deliveries',
    delivered('redriven', 'a', NOON, 'refused'),
    delivered('redriven', 'b', NOON, 'refused', 1),
  );
  expect(await days('redriven')).toMatchObject([
    { published: '2', accepted: '1', refused: '1', waiting: '0' },
  ]);
});

it('has nothing waiting below 0 while the group orders is behind', async () => {
  await put('events', published('ahead', 'a', NOON));
  await put(
    'report_deliveries',
    delivered('ahead', 'b', NOON, 'accepted'),
    delivered('ahead', 'c', NOON, 'accepted'),
  );
  expect(await days('ahead')).toMatchObject([{ published: '3', accepted: '2', waiting: '1' }]);
});
