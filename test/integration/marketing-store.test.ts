import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';

import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { findBuyers, lookUpBuyers } from '../../services/marketing/holdings.ts';
import { storeIdentities } from '../../services/marketing/identities.ts';
import type { BuyerKey } from '../../services/marketing/interface.ts';
import { namedRowsSql } from '../../services/marketing/named-rows.ts';
import { payersSql, readPayers, type PaymentKey } from '../../services/marketing/payers.ts';
import { paidOrdersSql } from '../../services/marketing/paid-orders.ts';
import { personOrdersSql } from '../../services/marketing/person-orders.ts';
import { recordRedemptions, redeemedSql } from '../../services/marketing/redemptions.ts';
import { migrateStore } from '../../sql/migrate.ts';
import { numberOf, storeOf } from '../e2e/kaquan.ts';
import { startTestClickHouse, type TestClickHouse } from '../stack.ts';

const EVERYTHING = { version: '', identities: true };
const SQL = fileURLToPath(new URL('../../sql/', import.meta.url));

let stack: TestClickHouse;
let clickhouse: ClickHouse;

beforeAll(async () => {
  stack = await startTestClickHouse();
  clickhouse = storeOf(stack);
}, 120_000);

afterAll(async () => {
  await clickhouse.close();
  await stack.stop();
}, 60_000);

const migrate = (folder?: string) =>
  migrateStore(clickhouse, {
    timeZone: 'Asia/Shanghai',
    foldVersion: '1',
    owner: 'test',
    logger: pino({ level: 'silent' }),
    now: () => performance.now(),
    ...(folder === undefined ? {} : { folder: pathToFileURL(`${folder}/`) }),
  });

/** The folder of a program that knew nothing of marketing yet. */
async function olderProgram(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kaquan-older-'));
  await cp(SQL, folder, { recursive: true });
  const migrations = (await readdir(join(folder, 'migrations'))).sort();
  const first = migrations.findIndex((name) => name.includes('marketing'));
  for (const name of migrations.slice(first)) await rm(join(folder, 'migrations', name));
  await rm(join(folder, 'views'), { recursive: true });
  await cp(join(SQL, 'views', 'orders.sql'), join(folder, 'views', 'orders.sql'));
  return folder;
}

const insertEvents = (orders: string, slowly = ''): string =>
  `
  INSERT INTO kaquan_store.events (app_id, order_id, order_status, time, offset, open_id, user_id, union_id)
  SELECT 'wx1', toString(number), 'payed', now64(3), number, concat('o', toString(number)), concat('u', toString(number)), ''
  FROM numbers(${orders}) ${slowly}`.trim();

describe('a store that was filled before there was an index', () => {
  it('loses no order of it, also not of an insert that is under way', async () => {
    const older = await olderProgram();
    try {
      await migrate(older);
    } finally {
      await rm(older, { recursive: true });
    }
    await clickhouse.command(insertEvents('0, 1000'));
    await storePaid({ app: 'wx1', order: 'forgotten', openId: 'wx-forgotten' });
    await clickhouse.command("ALTER TABLE kaquan_store.events DELETE WHERE order_id = 'forgotten'", {
      settings: { mutations_sync: 1 },
    });
    const slowly = `WHERE NOT ignore(sleepEachRow(0.001))
      SETTINGS max_block_size = 100, function_sleep_max_microseconds_per_block = 600000000`;
    const underWay = clickhouse
      .command(insertEvents('1000, 100000', slowly), { timeoutMs: 300_000 })
      .then(() => 'stored', String);
    const running =
      "SELECT count() FROM system.processes WHERE query LIKE 'INSERT INTO kaquan_store.events %'";
    while ((await numberOf(clickhouse, running)) === 0);
    await migrate();
    // A consumer sends what was refused again, as it does with every insert that failed.
    expect(await underWay).toContain('QUERY_WAS_CANCELLED');
    await clickhouse.command(insertEvents('1000, 100000'));
    expect(await couponsOf({ appId: 'wx1', openId: 'wx-forgotten' })).toEqual([['c-forgotten']]);
    for (const [table, orders] of Object.entries({ buyer_orders: 101_001, person_orders: 101_000 }))
      expect(await numberOf(clickhouse, `SELECT uniqExact(order_id) FROM kaquan_store.${table}`)).toBe(
        orders,
      );
  }, 120_000);
});

interface Paid {
  readonly app: string;
  readonly order: string;
  readonly openId: string;
  readonly userId?: string;
  readonly unionId?: string;
}

const ABSENT =
  "(toDateTime64('2299-12-31 23:59:59.999', 3, 'UTC'), toFixedString('', 16), toDateTime64(0, 3, 'UTC'), 0, '', '', 0, '', '', [])";

/** An order as the group stores it: its event first, then its state. */
async function storePaid({ app, order, openId, userId = '', unionId = '' }: Paid): Promise<void> {
  const params = { app, order, openId, userId, unionId };
  await clickhouse.command(
    `INSERT INTO kaquan_store.events (event_id, app_id, order_id, order_status, time, open_id, user_id, union_id, coupon_batch_id, coupon_ids)
     SELECT toFixedString({order:String}, 16), {app:String}, {order:String}, 'payed', toDateTime64(1700000000, 3, 'UTC'), {openId:String}, {userId:String}, {unionId:String},
       'b1', [concat('c-', {order:String})]`,
    { params },
  );
  await clickhouse.command(
    `INSERT INTO kaquan_store.states (app_id, order_id, revision, give_order, pay, cancel_pay, payed, cancel_give_order, refund)
     SELECT {app:String}, {order:String}, 1, ${ABSENT}, ${ABSENT}, ${ABSENT},
       (toDateTime64(1700000000, 3, 'UTC'), toFixedString({order:String}, 16), toDateTime64(0, 3, 'UTC'), 900, {openId:String}, 'b1', 1037, '', '', [concat('c-', {order:String})]),
       ${ABSENT}, ${ABSENT}`,
    { params },
  );
}

const couponsOf = async (...buyers: readonly BuyerKey[]): Promise<string[][]> => {
  const found = await lookUpBuyers(clickhouse)(buyers, EVERYTHING);
  return found.map(({ holdings }) => holdings.map(({ couponId }) => couponId).toSorted());
};

describe('a buyer of another app', () => {
  const buyer: BuyerKey = { appId: 'tt1', openId: 'tt-open', unionId: 'union-1' };

  beforeAll(async () => {
    await storePaid({ app: 'wx1', order: 'P1', openId: 'wx-open', userId: 'user-1', unionId: 'union-2' });
    await storePaid({ app: 'wx2', order: 'P2', openId: 'wx2-open', userId: 'user-1' });
    await storePaid({ app: 'wx1', order: 'P3', openId: 'wx-other', userId: 'user-2', unionId: 'union-1' });
    await storePaid({ app: 'tt1', order: 'P4', openId: 'tt-open' });
    // The state says that somebody else paid: this event was not the least.
    await storePaid({ app: 'wx1', order: 'P5', openId: 'wx-least', userId: 'user-9' });
    await clickhouse.command(
      `INSERT INTO kaquan_store.events (app_id, order_id, order_status, time, open_id, user_id)
       SELECT 'wx1', 'P5', 'payed', toDateTime64(1700000001, 3, 'UTC'), 'wx-open', 'user-1'`,
    );
  });

  it('holds what his own app reported, and by union_id what others did, while no identity names him', async () => {
    expect(await couponsOf(buyer, { ...buyer, unionId: undefined }, { ...buyer, openId: 'nobody' })).toEqual([
      ['c-P3', 'c-P4'],
      ['c-P4'],
      ['c-P3'],
    ]);
  });

  it('holds by his user_id what all apps reported, once an identity names him, and no longer by union_id', async () => {
    await storeIdentities(clickhouse, [{ app_id: 'tt1', open_id: 'tt-open', user_id: 'user-1' }]);
    expect(await couponsOf(buyer)).toEqual([['c-P1', 'c-P2', 'c-P4']]);
  });

  it('is who the last identity says, or nobody else when it is taken back', async () => {
    const named = (user_id: string | null) => ({ app_id: 'tt1', open_id: 'tt-open', user_id });
    await storeIdentities(clickhouse, [named('user-1'), named('user-2')]);
    expect(await couponsOf(buyer)).toEqual([['c-P3', 'c-P4']]);
    await storeIdentities(clickhouse, [named(null)]);
    expect(await couponsOf({ ...buyer, unionId: undefined })).toEqual([['c-P4']]);
  });

  it('holds what the index says of an order whose event is forgotten', async () => {
    await clickhouse.command("ALTER TABLE kaquan_store.events DELETE WHERE order_id = 'P3'", {
      settings: { mutations_sync: 1 },
    });
    expect(await couponsOf({ ...buyer, openId: 'nobody' })).toEqual([['c-P3']]);
  });

  it('is told why he has a coupon no more', async () => {
    expect(await recordRedemptions(clickhouse, ['c-P4', 'c-P4', 'c-unknown'], true)).toEqual([
      'c-P4',
      'c-unknown',
    ]);
    expect(await recordRedemptions(clickhouse, ['c-P4'], true)).toEqual([]);
    const [found] = await findBuyers(clickhouse, [{ appId: 'tt1', openId: 'tt-open' }], EVERYTHING);
    expect(found?.coupons).toMatchObject([{ couponId: 'c-P4', orderId: 'P4', lost: 'redeemed' }]);
    expect(await recordRedemptions(clickhouse, ['c-P4'], false)).toEqual(['c-P4']);
    expect(await couponsOf({ appId: 'tt1', openId: 'tt-open' })).toEqual([['c-P4']]);
  });
});

interface Plan {
  readonly Plans?: readonly Plan[];
  readonly Indexes?: readonly {
    readonly Type: string;
    readonly 'Initial Granules': number;
    readonly 'Selected Granules': number;
  }[];
}

/** Of each table that a query reads: granules in it, and granules that the primary key leaves. */
async function granulesOf(sql: string): Promise<{ all: number; read: number }[]> {
  const answer = await clickhouse.queryBuffer(`EXPLAIN json = 1, indexes = 1 ${sql} FORMAT TSVRaw`);
  const [{ Plan: root }] = JSON.parse(answer.toString()) as [{ Plan: Plan }];
  const reads: { all: number; read: number }[] = [];
  const visit = (plan: Plan): void => {
    const [first, last] = [plan.Indexes?.[0], plan.Indexes?.at(-1)];
    if (first !== undefined && last !== undefined)
      reads.push({ all: first['Initial Granules'], read: last['Selected Granules'] });
    plan.Plans?.forEach(visit);
  };
  visit(root);
  return reads;
}

describe('every read of a look-up reaches the primary key', () => {
  const buyers = [1, 2, 3].map((n) => ({ appId: 'wx1', openId: `o${n}000` }));
  const payment = (n: number): PaymentKey => ({
    appId: 'wx1',
    paidAt: 1_700_000_000_000 + n * 100_000_000,
    eventId: Buffer.from(`${n}00000`.padEnd(16, '\0')).toString('hex'),
  });

  beforeAll(async () => {
    await clickhouse.command(
      `INSERT INTO kaquan_store.states (app_id, order_id, revision, give_order, pay, cancel_pay, payed, cancel_give_order, refund)
       SELECT 'wx1', toString(number), 1, ${[ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT].join(', ')} FROM numbers(50000)`,
      { timeoutMs: 120_000 },
    );
    await clickhouse.command(
      "INSERT INTO kaquan_store.identities (app_id, open_id, user_id) SELECT 'wx1', concat('o', toString(number)), 'u' FROM numbers(50000)",
    );
    await clickhouse.command(
      "INSERT INTO kaquan_store.redemptions (coupon_id, redeemed) SELECT concat('r', toString(number)), 1 FROM numbers(50000)",
    );
    await clickhouse.command(
      `INSERT INTO kaquan_store.events (event_id, app_id, time, order_id)
       SELECT toFixedString(toString(number), 16), 'wx1', toDateTime64(1700000000 + number, 3, 'UTC'), toString(number) FROM numbers(1300000)`,
      { timeoutMs: 120_000 },
    );
    await clickhouse.command(
      `INSERT INTO kaquan_store.catalogue_holders (version, kind, app_id, open_id, id, value)
       SELECT 'v', 'score', 'wx1', concat('o', toString(number)), 's', 1 FROM numbers(50000)`,
    );
  });

  it('the events are those that were asked for', async () => {
    const found = await readPayers(clickhouse, [1, 2, 3].map(payment), {});
    expect([...found.keys()].toSorted()).toEqual([1, 2, 3].map((n) => payment(n).eventId.toUpperCase()));
  });

  it.each([
    ['what is stored under their names', namedRowsSql(buyers, { version: 'v', identities: true }), 3],
    [
      'the same, of an app without members',
      namedRowsSql(buyers, { version: undefined, identities: true }),
      2,
    ],
    [
      'the same, of a merchant without identities',
      namedRowsSql(buyers, { version: 'v', identities: false }),
      2,
    ],
    [
      'the orders of persons',
      personOrdersSql([1, 2, 3].map((n) => ({ name: 'user_id', id: `u${n}000` }))),
      1,
    ],
    ['the states of orders', paidOrdersSql([1, 2, 3].map((n) => ({ appId: 'wx1', orderId: `${n}000` }))), 1],
    ['the events that say who paid', payersSql([1, 2, 3].map(payment)), 1],
    ['redemptions', redeemedSql(['r1000', 'r2000', 'r3000']), 1],
  ])('%s', async (_, sql, tables) => {
    const reads = await granulesOf(sql);
    expect(reads).toHaveLength(tables);
    for (const { all, read } of reads) {
      expect(all).toBeGreaterThan(150);
      // At most two granules of each of three keys in each of a few parts.
      expect(read).toBeLessThan(30);
    }
  });

  it("of the buyers' orders is one file for all columns, however large a part is", async () => {
    const texts = "concat('b', leftPad(toString(number), 200, '0'))";
    await clickhouse.command(
      `INSERT INTO kaquan_store.buyer_orders (app_id, open_id, order_id, coupon_batch_id)
       SELECT 'wx2', concat('o', toString(number)), toString(number), ${texts} FROM numbers(60000)`,
    );
    const large = await clickhouse.query<{ part_type: string }>(
      `SELECT part_type FROM system.parts
       WHERE active AND database = 'kaquan_store' AND table = 'buyer_orders' AND data_uncompressed_bytes > 10485760`,
    );
    expect(large.map(({ part_type }) => part_type)).toEqual(['Compact']);
  });
});
