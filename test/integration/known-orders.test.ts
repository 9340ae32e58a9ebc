import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { knownOrders } from '../../consumers/orders/known-orders.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { partitionOf } from '../../runtime/kafka/partitioner.ts';
import { startTestStore, type TestStore } from './test-store.ts';

let store: TestStore;
let clickhouse: ClickHouse;

beforeAll(async () => {
  store = await startTestStore();
  clickhouse = store.clickhouse;
}, 120_000);

afterAll(() => store.stop(), 180_000);

it('knows every order that ClickHouse holds a state of: both compute the same hash', async () => {
  const keys = Array.from(
    { length: 5000 },
    (_, i) => ['wx'.repeat(i % 7), `订单-${(i * 7919).toString(36)}`] as const,
  );
  const absent = "('2299-12-31 23:59:59.999', '', 0, 0, '', '', 0, '', '', [])";
  const row = ([app, order]: readonly [string, string]) =>
    `('${app}', '${order}', 1, ${Array(6).fill(absent).join(', ')})`;
  await clickhouse.command(`INSERT INTO kaquan_store.states VALUES ${keys.map(row).join(', ')}`);
  const known = await knownOrders(clickhouse, new AbortController().signal);
  const denied = keys.filter(([app, order]) => !known.mayHave(Buffer.from(`${app}:${order}`)));
  expect(denied).toEqual([]);
  expect(known.mayHave(Buffer.from('wx:never'))).toBe(false);

  const sql =
    "SELECT concat(app_id, ':', order_id) AS key, toInt32(kafkaMurmurHash(key) % 12) AS partition FROM kaquan_store.states";
  const rows = await clickhouse.query<{ key: string; partition: number }>(sql);
  expect(rows.filter(({ key, partition }) => partitionOf(key, 12) !== partition)).toEqual([]);
}, 180_000);
