import { readdirSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { createClickHouse, type ClickHouse } from '../../runtime/clickhouse/client.ts';
import { withStoreLock } from '../../sql/lock.ts';
import {
  migrateStore,
  recordedFact,
  recordedTopic,
  recordTopic,
  type MigrateOptions,
} from '../../sql/migrate.ts';
import { startTestClickHouse, type TestClickHouse } from '../stack.ts';

const SQL = fileURLToPath(new URL('../../sql/', import.meta.url));
const ALL = readdirSync(join(SQL, 'migrations')).sort();
/** The migration that comes after all of them. */
const MORE = `${String(ALL.length + 1).padStart(4, '0')}_more.sql`;

let stack: TestClickHouse;
let clickhouse: ClickHouse;
let directory: string;
let options: MigrateOptions;

beforeAll(async () => {
  stack = await startTestClickHouse();
  clickhouse = createClickHouse({
    url: stack.clickhouseUrl,
    user: 'kaquan',
    password: 'kaquan',
    clientName: 'test',
    maxConnections: 4,
  });
}, 120_000);

afterAll(async () => {
  await clickhouse.close();
  await stack.stop();
});

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kaquan-migrations-'));
  await cp(SQL, directory, { recursive: true });
  options = {
    timeZone: 'Asia/Shanghai',
    foldVersion: '1',
    owner: 'test',
    logger: pino({ level: 'silent' }),
    now: () => performance.now(),
    folder: pathToFileURL(`${directory}/`),
  };
});

afterEach(async () => {
  await rm(directory, { recursive: true });
  for (const database of ['kaquan', 'kaquan_store'])
    await clickhouse.command(`DROP DATABASE IF EXISTS ${database} SYNC`);
});

const migrate = (changes: Partial<MigrateOptions> = {}, client = clickhouse) =>
  migrateStore(client, { ...options, ...changes });

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

describe('migrateStore', () => {
  it('applies what is missing, once', async () => {
    expect(await migrate()).toEqual({ applied: ALL });
    const first = await storeNow();
    expect(await migrate()).toEqual({ applied: [] });
    expect(await storeNow()).toEqual(first);
    await writeFile(
      join(directory, `migrations/${MORE}`),
      'CREATE TABLE IF NOT EXISTS kaquan_store.more (a Int8) ENGINE = Log;',
    );
    expect(await migrate()).toEqual({ applied: [MORE] });
  });

  it('refuses an applied file that has changed, by its name, and does nothing', async () => {
    await migrate();
    const before = await storeNow();
    const path = join(directory, 'migrations/0001_store.sql');
    await writeFile(path, `${await readFile(path, 'utf8')}\n`);
    await expect(migrate()).rejects.toThrow('0001_store.sql has changed since it was applied');
    expect(await storeNow()).toEqual(before);
  });

  it('refuses a store that is ahead of the program', async () => {
    await writeFile(join(directory, `migrations/${MORE}`), 'SELECT 1');
    await migrate();
    await rm(join(directory, `migrations/${MORE}`));
    await expect(migrate()).rejects.toThrow(`${MORE}, which this program does not know: upgrade the program`);
  });

  it('refuses a store that another fold has filled', async () => {
    await migrate();
    await expect(migrate({ foldVersion: '2' })).rejects.toThrow('filled by fold version 1');
    expect(await recordedFact(clickhouse, 'fold_version')).toBe('1');
  });

  it('names the file and the statement that failed, and goes on there when it is mended', async () => {
    const path = join(directory, `migrations/${MORE}`);
    await writeFile(path, 'SELECT 1; SELECT nothing; SELECT 3');
    await expect(migrate()).rejects.toThrow(new RegExp(`^${MORE}, statement 2 of 3: .*UNKNOWN_IDENTIFIER`));
    await writeFile(path, 'SELECT 1; SELECT 2; SELECT 3');
    expect(await migrate()).toEqual({ applied: [MORE] });
  });

  it('may run several times at once: one applies, the others wait for it', async () => {
    const runs = await Promise.all(['a', 'b', 'c', 'd'].map((owner) => migrate({ owner })));
    expect(runs.flatMap(({ applied }) => applied)).toEqual(ALL);
  }, 60_000);

  it('replaces the views, also for another time zone', async () => {
    await migrate({ timeZone: 'Asia/Shanghai' });
    await migrate({ timeZone: 'America/New_York' });
    const described = await clickhouse.query<{ name: string; type: string }>(
      'DESCRIBE TABLE kaquan.stats_hour',
    );
    expect(described[0]).toMatchObject({ name: 'bucket', type: "DateTime('America/New_York')" });
  });

  it('sets, changes and removes TTLs, and only where something may be forgotten', async () => {
    const ttls = () =>
      clickhouse.query<{ name: string; ttl: string }>(
        `SELECT name, extract(engine_full, 'toIntervalDay\\\\(\\\\d+\\\\)') AS ttl FROM system.tables
         WHERE database = 'kaquan_store' AND engine_full LIKE '% TTL %' ORDER BY name`,
      );
    await migrate();
    expect(await ttls()).toEqual([]);
    const retention = { eventsDays: 400, ledgerDays: 30, deliveriesDays: 90 };
    await migrate({ retention });
    const kept = [
      { name: 'dead_letters', ttl: 'toIntervalDay(30)' },
      { name: 'events', ttl: 'toIntervalDay(400)' },
      { name: 'report_deliveries', ttl: 'toIntervalDay(90)' },
      { name: 'skips', ttl: 'toIntervalDay(30)' },
    ];
    expect(await ttls()).toEqual(kept);
    const altered: string[] = [];
    const watched: ClickHouse = {
      ...clickhouse,
      command: (sql, request) => {
        if (sql.startsWith('ALTER')) altered.push(sql);
        return clickhouse.command(sql, request);
      },
    };
    await migrate({ retention }, watched);
    expect(altered).toEqual([]);
    await clickhouse.command(
      `INSERT INTO kaquan_store.skips (consumer_group, generation, partition, first_offset, last_offset, reason, at)
       SELECT 'orders', 2, 0, length(reason), 99, arrayJoin(['no_record', 'earlier_generation']) AS reason, now64(3) - INTERVAL 31 DAY`,
    );
    await clickhouse.command('OPTIMIZE TABLE kaquan_store.skips FINAL');
    expect(await clickhouse.query('SELECT reason FROM kaquan_store.skips')).toEqual([
      { reason: 'earlier_generation' },
    ]);
    await migrate({ retention: { eventsDays: 500 } }, watched);
    expect(await ttls()).toEqual([{ name: 'events', ttl: 'toIntervalDay(500)' }]);
    expect(altered).toHaveLength(4);
    await migrate();
    expect(await ttls()).toEqual([]);
  });
});

describe('the lock', () => {
  beforeEach(() => migrate());

  it('is held by one at a time, however many want it', async () => {
    let inside = 0;
    const seen: number[] = [];
    const enter = (owner: string) =>
      withStoreLock(clickhouse, { ...options, owner }, async () => {
        seen.push(++inside);
        await clickhouse.query('SELECT sleep(0.02)');
        inside--;
      });
    await Promise.all(Array.from({ length: 6 }, (_, index) => enter(`owner-${index}`)));
    expect(seen).toEqual([1, 1, 1, 1, 1, 1]);
  }, 60_000);

  it('is waited for while its owner lives, and taken over when he does not', async () => {
    await clickhouse.command(
      `INSERT INTO kaquan_store.migration_lock (owner, revision, released, at)
       SELECT 'dead one', 1, 0, now64(3) - INTERVAL 10 SECOND`,
    );
    const patience = new AbortController();
    const waited: string[] = [];
    const logger = {
      info: ({ owner }: { owner: string }) => {
        waited.push(owner);
        patience.abort(new Error('waited'));
      },
      warn: () => undefined,
    };
    const told: unknown[] = [];
    const waiting = {
      ...options,
      logger: logger as MigrateOptions['logger'],
      signal: patience.signal,
      onWait: (other: unknown) => told.push(other),
    };
    const attempt = withStoreLock(clickhouse, { ...waiting, staleAfterMs: 3_600_000 }, () =>
      Promise.resolve('in'),
    );
    await expect(attempt).rejects.toThrow();
    expect(waited).toEqual(['dead one']);
    expect(told).toEqual([{ owner: 'dead', livesMs: expect.any(Number) }]);
    const [{ livesMs }] = told as [{ livesMs: number }];
    expect(livesMs).toBeLessThanOrEqual(3_590_000);
    expect(livesMs).toBeGreaterThan(3_500_000);
    const later = withStoreLock(clickhouse, { ...options, staleAfterMs: 5_000 }, () => Promise.resolve('in'));
    await expect(later).resolves.toBe('in');
  });

  it('stops an owner who was frozen for so long that another may have it', async () => {
    let clock = 0;
    const frozen = withStoreLock(
      clickhouse,
      { ...options, now: () => clock, staleAfterMs: 60_000 },
      (lock) => {
        lock.confirm();
        clock = 60_000;
        lock.confirm();
        return Promise.resolve();
      },
    );
    await expect(frozen).rejects.toThrow('is lost');
  });
});

describe('records', () => {
  it('are empty before anything was migrated', async () => {
    expect(await recordedTopic(clickhouse, 'coupon_order.v1')).toBeUndefined();
    expect(await recordedFact(clickhouse, 'fold_version')).toBeUndefined();
  });

  it('give each new topic, and each that is created again, a generation of its own', async () => {
    await migrate();
    expect(await recordTopic(clickhouse, { topic: 'a', partitions: 4 })).toBe(1);
    expect(await recordTopic(clickhouse, { topic: 'b', partitions: 8 })).toBe(2);
    expect(await recordTopic(clickhouse, { topic: 'a', partitions: 6 })).toBe(3);
    expect(await recordedTopic(clickhouse, 'a')).toEqual({ topic: 'a', generation: 3, partitions: 6 });
    expect(await recordedTopic(clickhouse, 'b')).toEqual({ topic: 'b', generation: 2, partitions: 8 });
  });
});
