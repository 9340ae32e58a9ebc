import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestStore, type TestStore } from './test-store.ts';

const APPS = 10;
const DAYS = 14;
const ROWS = 1_000_000;

let store: TestStore;

beforeAll(async () => {
  store = await startTestStore();
  for (const table of ['milestones', 'events']) {
    await store.clickhouse.command(`SYSTEM STOP MERGES kaquan_store.${table}`);
    await store.clickhouse.command(table === 'events' ? EVENTS : MILESTONES, { timeoutMs: 300_000 });
    await store.clickhouse.command(
      `INSERT INTO kaquan_store.${table} SELECT * FROM kaquan_store.${table} WHERE cityHash64(order_id) % 20 = 0`,
      { timeoutMs: 300_000 },
    );
  }
}, 400_000);

afterAll(() => store.stop());

const MOMENT = `toDateTime64('2025-03-01 00:00:00', 3, 'UTC') + toIntervalMillisecond(cityHash64(number) % ${DAYS * 86_400_000})`;

const MILESTONES = `
  INSERT INTO kaquan_store.milestones
  SELECT
      concat('wx', toString(number % ${APPS})), toStartOfMinute(${MOMENT}), toInt8(1 + number % 6), toString(number), 1, 0,
      ${MOMENT}, 900, toString(number % 5000), concat('b', toString(number % 50)), 1037, '', '', NULL, NULL, NULL
  FROM numbers(${ROWS})`;

const EVENTS = `
  INSERT INTO kaquan_store.events
      (app_id, time, event_id, generation, partition, offset, record_time, order_id, order_time, order_status, pay_amt_fen, page)
  SELECT
      concat('wx', toString(number % ${APPS})), ${MOMENT}, reinterpretAsFixedString(sipHash128(number)), 1, number % 4, number,
      ${MOMENT}, toString(intDiv(number, 6)), ${MOMENT}, toInt8(1 + number % 6), 900, 'pages/product'
  FROM numbers(${ROWS})`;

interface Plan {
  readonly Plans?: readonly Plan[];
  readonly Indexes?: readonly {
    readonly Type: string;
    readonly 'Selected Parts': number;
    readonly 'Selected Granules': number;
  }[];
}

/** Parts and granules that a query of `who` reads from the only table under it. */
async function readBy(sql: string, who = store.analyst): Promise<{ parts: number; granules: number }> {
  const answer = await who.queryBuffer(`EXPLAIN json = 1, indexes = 1 ${sql} FORMAT TSVRaw`);
  const [{ Plan: root }] = JSON.parse(answer.toString()) as [{ Plan: Plan }];
  const reads: { parts: number; granules: number }[] = [];
  const visit = (plan: Plan): void => {
    const last = plan.Indexes?.at(-1);
    if (last !== undefined)
      reads.push({ parts: last['Selected Parts'], granules: last['Selected Granules'] });
    plan.Plans?.forEach(visit);
  };
  visit(root);
  expect(reads).toHaveLength(1);
  return reads[0] ?? { parts: 0, granules: Infinity };
}

/** Granules that hold at least one of the rows which a condition on the table itself selects. */
async function granulesWith(table: string, condition: string): Promise<number> {
  const rows = await store.clickhouse.query<{ n: number }>(
    `SELECT toUInt32(uniqExact(_part, intDiv(_part_offset, 8192))) AS n FROM kaquan_store.${table} WHERE ${condition}`,
  );
  return rows[0]?.n ?? 0;
}

const DAY_OF_MINUTE = "app_id = 'wx3' AND toDate(minute, 'Asia/Shanghai') = '2025-03-05'";
const DAY_OF_TIME = "app_id = 'wx3' AND toDate(time, 'Asia/Shanghai') = '2025-03-05'";
const HALF_OPEN = "bucket >= '2025-03-05 00:00:00' AND bucket < '2025-03-06 00:00:00'";

describe('a day of one app, out of a million rows', () => {
  it.each([
    ['stats_minute', HALF_OPEN],
    ['stats_minute', "toDate(bucket) = '2025-03-05'"],
    ['stats_minute', "bucket BETWEEN '2025-03-05 00:00:00' AND '2025-03-05 23:59:00'"],
    ['stats_hour', HALF_OPEN],
    ['stats_hour', "toDate(bucket) = '2025-03-05'"],
    ['stats_day', "bucket = '2025-03-05'"],
    ['stats_day', "bucket >= '2025-03-05' AND bucket < '2025-03-06'"],
    ['rates_day', "day = '2025-03-05'"],
    ['rates_day', "day BETWEEN '2025-03-05' AND '2025-03-05'"],
  ])('%s WHERE %s', async (view, condition) => {
    const { parts, granules } = await readBy(
      `SELECT * FROM kaquan.${view} WHERE app_id = 'wx3' AND ${condition}`,
    );
    const needed = await granulesWith('milestones', DAY_OF_MINUTE);
    expect(parts).toBeGreaterThan(1);
    expect(granules).toBeLessThanOrEqual(needed + 2 * parts);
    expect(granules).toBeLessThan(ROWS / 8192 / 10);
  });

  it.each([
    "time >= '2025-03-04 16:00:00' AND time < '2025-03-05 16:00:00'",
    "toDate(time, 'Asia/Shanghai') = '2025-03-05'",
    "time >= toDateTime('2025-03-05 00:00:00', 'Asia/Shanghai') AND time < toDateTime('2025-03-06 00:00:00', 'Asia/Shanghai')",
  ])('coupon_order_events WHERE %s', async (condition) => {
    const { parts, granules } = await readBy(
      `SELECT * FROM kaquan.coupon_order_events WHERE app_id = 'wx3' AND ${condition}`,
    );
    const needed = await granulesWith('events', DAY_OF_TIME);
    expect(parts).toBeGreaterThan(1);
    expect(granules).toBeLessThanOrEqual(needed + 2 * parts);
    expect(granules).toBeLessThan(ROWS / 8192 / 10);
  });

  it('an app alone reaches the key through the views that have no time', async () => {
    const all = await granulesWith('events', '1');
    const needed = await granulesWith('events', "app_id = 'wx3'");
    const { parts, granules } = await readBy("SELECT * FROM kaquan.order_anomalies WHERE app_id = 'wx3'");
    expect(granules).toBeLessThanOrEqual(needed + 2 * parts);
    expect(granules).toBeLessThan(all / 5);
  });

  it('would be seen to miss the key', async () => {
    const { parts, granules } = await readBy(
      `SELECT * FROM
       (
           SELECT formatDateTime(minute, '%F', 'Asia/Shanghai') AS bucket, app_id, count()
           FROM kaquan_store.milestones FINAL GROUP BY bucket, app_id
       )
       WHERE app_id = 'wx3' AND bucket = '2025-03-05'`,
      store.clickhouse,
    );
    expect(granules).toBeGreaterThan((await granulesWith('milestones', DAY_OF_MINUTE)) + 2 * parts);
  });
});
