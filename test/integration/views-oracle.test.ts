import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { VIEW_COLUMNS } from '../../cli/chaos/oracle/columns.ts';
import { differences, differencesOfAllViews } from '../../cli/chaos/oracle/differences.ts';
import { insertHistories, storeFold, storePast } from './views-history.ts';
import { startTestStore, type TestStore } from './test-store.ts';

const SEED = 20250301;

let store: TestStore;

beforeAll(async () => {
  store = await startTestStore();
  await insertHistories(store.clickhouse, SEED, 20_000);
  await storeFold(store.clickhouse);
  await storePast(store.clickhouse);
}, 120_000);

afterAll(() => store.stop());

const count = async (view: string) => {
  const rows = await store.clickhouse.query<{ n: number }>(
    `SELECT toUInt32(count()) AS n FROM kaquan.${view}`,
  );
  return rows[0]?.n ?? 0;
};

describe(`random histories (seed ${SEED})`, () => {
  it.each(Object.keys(VIEW_COLUMNS))('%s says what the events say', async (view) => {
    expect(await differences(store.clickhouse, view)).toEqual([]);
    expect(await count(view)).toBeGreaterThan(50);
  });

  it('hold every kind of anomaly', async () => {
    const rows = await store.clickhouse.query(
      'SELECT DISTINCT kind FROM kaquan.order_anomalies ORDER BY kind',
    );
    expect(rows).toHaveLength(5);
  });
});

describe('the oracle', () => {
  it('sees one milestone that is off by a minute, and one missing fen', async () => {
    const { clickhouse } = store;
    await clickhouse.command(
      `INSERT INTO kaquan_store.milestones
       SELECT * REPLACE (toUInt32(10) AS revision, pay_amt_fen - 1 AS pay_amt_fen)
       FROM kaquan_store.milestones FINAL WHERE status = 'payed' ORDER BY order_id LIMIT 1`,
    );
    const found = await differencesOfAllViews(clickhouse);
    const views = new Set(found.map(({ view }) => view));
    expect([...views].sort()).toEqual(['rates_day', 'stats_day', 'stats_hour', 'stats_minute']);
    expect(found.reduce((sum, { surplus }) => sum + surplus, 0)).toBe(0);
  });

  it('sees an order whose state has lost a status', async () => {
    const { clickhouse } = store;
    await clickhouse.command(
      `INSERT INTO kaquan_store.states SELECT * REPLACE ('new' AS order_id) FROM kaquan_store.states LIMIT 1`,
    );
    const found = await differences(clickhouse, 'orders');
    expect(found).toEqual([expect.objectContaining({ surplus: 1 })]);
  });
});
