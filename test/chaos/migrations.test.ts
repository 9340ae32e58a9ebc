import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { pino } from 'pino';

import { createClickHouse, type ClickHouse } from '../../runtime/clickhouse/client.ts';
import { migrateStore, recordedFact } from '../../sql/migrate.ts';
import { startTestStack, type TestStack } from '../stack.ts';

let stack: TestStack;
let clickhouse: ClickHouse;

beforeAll(async () => {
  stack = await startTestStack();
  clickhouse = createClickHouse({
    url: stack.clickhouseUrl,
    user: 'kaquan',
    password: 'kaquan',
    clientName: 'test',
  });
}, 120_000);

afterAll(async () => {
  await clickhouse.close();
  await stack.stop();
});

const migrate = (client = clickhouse) =>
  migrateStore(client, {
    timeZone: 'Asia/Shanghai',
    foldVersion: '1',
    owner: 'test',
    logger: pino({ level: 'silent' }),
    now: () => performance.now(),
  });

/** All tables and views, and all that is recorded of migrations but its time. */
async function storeNow(): Promise<unknown> {
  const tables = await clickhouse.query(
    `SELECT database, name, create_table_query FROM system.tables
     WHERE database IN ('kaquan', 'kaquan_store') ORDER BY ALL`,
  );
  const applied = await clickhouse.query(
    'SELECT version, name, checksum FROM kaquan_store.migrations FINAL ORDER BY ALL',
  );
  return { tables, applied, fold: await recordedFact(clickhouse, 'fold_version') };
}

/** ClickHouse for a process that dies at its `last`th statement: nothing that it sends later arrives. */
function mortal(last: number, sends: { count: number }): ClickHouse {
  const arrives = (): boolean => ++sends.count <= last;
  return {
    ...clickhouse,
    query: <Row>(...args: Parameters<ClickHouse['query']>) =>
      sends.count < last ? clickhouse.query<Row>(...args) : Promise.reject(new Error('killed')),
    command: (...args) => (arrives() ? clickhouse.command(...args) : Promise.reject(new Error('killed'))),
  };
}

it('brings the store to the same end wherever migrate was killed', async () => {
  const sends = { count: 0 };
  await migrate(mortal(Infinity, sends));
  const whole = await storeNow();
  const total = sends.count;
  expect(total).toBeGreaterThan(20);
  for (let last = 0; last < total; last++) {
    for (const database of ['kaquan', 'kaquan_store'])
      await clickhouse.command(`DROP DATABASE IF EXISTS ${database} SYNC`);
    await expect(migrate(mortal(last, { count: 0 }))).rejects.toThrow('killed');
    // The dead run's claim would have to grow old first; that it is taken over then has a test of its own.
    if (last >= 3) await clickhouse.command('TRUNCATE TABLE kaquan_store.migration_lock');
    await migrate();
    expect(await storeNow()).toEqual(whole);
  }
}, 600_000);
