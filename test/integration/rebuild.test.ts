import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { pino } from 'pino';

import { rebuild as rebuildTables, type Rebuild } from '../../cli/rebuild/rebuild.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { createAdmin } from '../../runtime/kafka/admin.ts';
import { createKafka } from '../../runtime/kafka/client.ts';
import { TOPIC } from '../../schemas/coupon_order/topic.ts';
import {
  done,
  endConsumers,
  kaquan,
  numberOf,
  simulate,
  startConsumer,
  storeOf,
  type Output,
} from '../e2e/kaquan.ts';
import { differencesOfAllViews } from '../../cli/chaos/oracle/differences.ts';
import { paidReport } from '../e2e/paid-order.ts';
import { startTestStack, type TestStack } from '../stack.ts';

const DAY_MS = 86_400_000;

let stack: TestStack;
let clickhouse: ClickHouse;

beforeAll(async () => {
  stack = await startTestStack();
  clickhouse = storeOf(stack);
  await done(['migrate'], stack.env);
}, 120_000);

afterAll(async () => {
  endConsumers();
  await clickhouse.close();
  await stack.stop();
}, 60_000);

const consumed = (): Promise<unknown> => done(['consume', 'orders', '--until-caught-up'], stack.env);

const rebuild = (...args: string[]): Promise<Output> => kaquan(['rebuild', 'orders', ...args], stack.env);

async function rebuilt(...args: string[]): Promise<Rebuild> {
  const { stdout, stderr } = await rebuild('--json', ...args);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Rebuild;
}

/** Every figure is right, and the audit says so too. */
async function allRight(): Promise<void> {
  expect(await differencesOfAllViews(clickhouse)).toEqual([]);
  const { code, stdout } = await kaquan(['audit'], stack.env);
  expect(`${code}: ${stdout}`).toContain('0: ');
}

const uuids = () =>
  clickhouse.query(
    "SELECT name, toString(uuid) AS uuid FROM system.tables WHERE database = 'kaquan_store' AND name IN ('states', 'milestones') ORDER BY name",
  );

const lie = (sql: string): Promise<void> => clickhouse.command(sql, { settings: { mutations_sync: 2 } });

it('finds the live tables as they must be while events come in, and changes nothing', async () => {
  const env = { ...stack.env, ORDERS_BATCH_EVENTS: '300', ORDERS_FLUSH_MS: '5' };
  const consumer = startConsumer(env);
  await consumer.says('ready');
  const merchant = ['--orders', '1500', '--seed', '41', '--duplicates', '0.1', '--late', '0.3'];
  const published = simulate(stack.env, ...merchant, '--rate', '300', '--for', '6');
  await consumer.says('committed');
  const before = await uuids();
  const moving = await rebuilt('--dry-run');
  expect(moving).toMatchObject({ differences: [], truncated: false, exchanged: false, carried: 0 });
  await published;
  consumer.child.kill('SIGTERM');
  await consumer.ended;
  await consumed();
  const { orders } = await rebuilt('--dry-run');
  expect(orders).toBe(await numberOf(clickhouse, 'SELECT count() FROM kaquan.orders'));
  expect(orders).toBeGreaterThan(moving.orders);
  expect(await uuids()).toEqual(before);
}, 120_000);

it('refuses as long as the group has consumers, and names them', async () => {
  const consumer = startConsumer(stack.env);
  await consumer.says('ready');
  const { code, stderr } = await rebuild();
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr:
      'kaquan: the group orders has 1 consumer: stop it first, or add --pause, which makes it wait for the exchange. ' +
      '--dry-run only compares, and needs neither.\n',
  });
  consumer.child.kill('SIGTERM');
  await consumer.ended;
});

it('finds, prints and mends rows that were damaged', async () => {
  const [lost] = await clickhouse.query<{ order_id: string }>(
    "SELECT order_id FROM kaquan_store.milestones FINAL WHERE status = 'refund' ORDER BY order_id LIMIT 1",
  );
  const [changed] = await clickhouse.query<{ order_id: string }>(
    "SELECT order_id FROM kaquan_store.milestones FINAL WHERE status = 'payed' ORDER BY order_id DESC LIMIT 1",
  );
  await lie(
    `ALTER TABLE kaquan_store.milestones DELETE WHERE order_id = '${lost?.order_id}' AND status = 'refund'`,
  );
  await lie(
    `ALTER TABLE kaquan_store.milestones UPDATE pay_amt_fen = 1 WHERE order_id = '${changed?.order_id}' AND status = 'payed'`,
  );
  await lie(`ALTER TABLE kaquan_store.states DELETE WHERE order_id = '${changed?.order_id}'`);
  expect(await differencesOfAllViews(clickhouse)).not.toEqual([]);
  const found = await rebuild('--dry-run');
  expect(found.code).toBe(1);
  const before = await uuids();
  const { code, stdout } = await rebuild();
  expect(code).toBe(0);
  expect(stdout).toContain(`:${lost?.order_id} refund: its events say, and milestones had not, {"minute":`);
  expect(stdout).toMatch(
    new RegExp(`:${changed?.order_id} payed: milestones had {"minute":.*"pay_amt_fen":"?1"?,`),
  );
  expect(stdout).toContain(`:${changed?.order_id} payed: its events say, and states had not, {"revision":`);
  expect(stdout).toContain('The rebuilt tables serve now: what is listed is mended.');
  expect(await uuids()).not.toEqual(before);
  await allRight();
  expect(await rebuilt('--dry-run')).toMatchObject({ differences: [] });
}, 120_000);

it('goes on where it was: the chain of revisions is the old one', async () => {
  await simulate(stack.env, '--orders', '800', '--seed', '42', '--late', '0.3');
  await consumed();
  await allRight();
  expect(await rebuilt('--dry-run')).toMatchObject({ differences: [] });
}, 120_000);

it('pauses running consumers, which come back by themselves, while events come in', async () => {
  const env = { ...stack.env, ORDERS_BATCH_EVENTS: '200', ORDERS_FLUSH_MS: '5' };
  const consumers = [startConsumer(env), startConsumer(env)];
  await Promise.all(consumers.map((consumer) => consumer.says('ready')));
  const published = simulate(stack.env, '--orders', '500', '--seed', '43', '--rate', '200', '--for', '8');
  const waiting = Promise.all(consumers.map((consumer) => consumer.says('waiting')));
  const { code, stderr } = await rebuild('--pause');
  expect({ code, stderr }).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('of orders to commit and leave'),
  });
  for (const { reason } of await waiting)
    expect(reason).toMatch(/^rebuild \d+ (is about to exchange|exchanges) the tables/);
  await published;
  await consumed();
  for (const consumer of consumers) {
    expect(consumer.log()).toContain('"msg":"going on"');
    consumer.child.kill('SIGTERM');
    expect(await consumer.ended).toEqual({ code: 0, signal: null });
  }
  await allRight();
  expect(await rebuilt('--dry-run')).toMatchObject({ differences: [] });
}, 120_000);

it('comes to the same in small slices', async () => {
  const before = await fingerprint();
  const admin = await createAdmin(
    createKafka({ brokers: [stack.brokers], clientId: 'test', logger: pino({ level: 'silent' }) }),
  );
  const { folded } = await rebuildTables({
    clickhouse,
    admin,
    group: 'orders',
    otherGroups: ['report'],
    recorded: { topic: TOPIC, generation: 1, partitions: 4 },
    foldVersion: '1',
    storedVersion: '1',
    pause: false,
    dryRun: false,
    acceptLoss: false,
    lock: { confirm: () => undefined },
    now: Date.now(),
    say: () => undefined,
    slice: 400,
  });
  await admin.close();
  expect(folded.orders).toBe(await numberOf(clickhouse, 'SELECT count() FROM kaquan.orders'));
  expect(await fingerprint()).toEqual(before);
}, 60_000);

/** Of the rows that count: the highest revision of each, tombstones too. */
const fingerprint = () =>
  clickhouse.query(
    `SELECT (SELECT groupBitXor(cityHash64(*)) FROM
       (SELECT app_id, order_id, status, minute, max(revision), argMax((is_deleted, time, pay_amt_fen, payed_time), revision)
        FROM kaquan_store.milestones GROUP BY ALL)) AS milestones,
     (SELECT groupBitXor(cityHash64(*)) FROM
       (SELECT app_id, order_id, max(revision), min(give_order), min(payed), min(refund) FROM kaquan_store.states GROUP BY ALL)) AS states`,
  );

it('makes what is gone once more from the topic, and what is filled from its inserts', async () => {
  const places = () =>
    clickhouse.query(
      'SELECT groupBitXor(cityHash64(generation, partition, offset, event_id, order_id, pay_amt_fen, page)) AS of FROM (SELECT DISTINCT * EXCEPT (stored_at) FROM kaquan_store.events)',
    );
  const ledgers = () =>
    clickhouse.query(
      'SELECT (SELECT count() FROM kaquan_store.dead_letters FINAL) AS letters, (SELECT sum(last_offset - first_offset + 1) FROM kaquan_store.skips FINAL) AS skips',
    );
  const before = [await places(), await ledgers(), await fingerprint()];
  await lie('ALTER TABLE kaquan_store.events DELETE WHERE partition = 1 AND offset < 9');
  await lie("ALTER TABLE kaquan_store.events UPDATE page = 'lie' WHERE partition = 2 AND offset < 5");
  await lie('TRUNCATE TABLE kaquan_store.states');
  await lie('TRUNCATE TABLE kaquan_store.buyer_orders');
  await lie('ALTER TABLE kaquan_store.dead_letters DELETE WHERE partition = 1');
  const dry = await rebuild('--from', 'topic', '--dry-run');
  expect(dry.code).toBe(1);
  expect(dry.stdout).toContain('ROWS DIFFER');
  const { code, stdout } = await rebuild('--from', 'topic');
  expect(code).toBe(0);
  expect(stdout).toMatch(/: events had \{"generation":1,"partition":2,"offset":"?0"?,/);
  expect(stdout).toMatch(
    /: its events say, and events had not, \{"generation":1,"partition":1,"offset":"?0"?,/,
  );
  expect([await places(), await ledgers(), await fingerprint()]).toEqual(before);
  await allRight();
  expect(
    await numberOf(
      clickhouse,
      `SELECT count() FROM kaquan_store.events WHERE partition = 1 AND offset < 9 AND order_status = 'payed'
       AND (app_id, open_id, order_id) NOT IN (SELECT app_id, open_id, order_id FROM kaquan_store.buyer_orders)`,
    ),
  ).toBe(0);
  await simulate(stack.env, '--orders', '200', '--seed', '44');
  await consumed();
  await allRight();
  expect(await rebuilt('--from', 'topic', '--dry-run')).toMatchObject({ differences: [] });
}, 120_000);

it('takes no order away of which only the events are gone, unless it is told to', async () => {
  const all = await numberOf(clickhouse, 'SELECT count() FROM kaquan.orders');
  const [gone] = await clickhouse.query<{ order_id: string }>(
    'SELECT order_id FROM kaquan_store.states ORDER BY order_id DESC LIMIT 1',
  );
  await lie(`ALTER TABLE kaquan_store.events DELETE WHERE order_id = '${gone?.order_id}'`);
  const { code, stderr } = await rebuild();
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('of 1 orders of the live tables there is no stored event'),
  });
  expect(await numberOf(clickhouse, 'SELECT count() FROM kaquan.orders')).toBe(all);
  expect((await rebuild('--accept-loss')).code).toBe(0);
  expect(await numberOf(clickhouse, 'SELECT count() FROM kaquan.orders')).toBe(all - 1);
  await done(['rebuild', 'orders', '--from', 'topic'], stack.env);
  expect(await numberOf(clickhouse, 'SELECT count() FROM kaquan.orders')).toBe(all);
  await allRight();
}, 120_000);

it('carries over the rows of orders whose events were forgotten', async () => {
  await done(['migrate'], { ...stack.env, EVENTS_TTL_DAYS: '6' });
  const before = await fingerprint();
  await clickhouse.command('OPTIMIZE TABLE kaquan_store.events FINAL', { timeoutMs: 60_000 });
  const { stdout } = await rebuild();
  expect(stdout).toMatch(
    /not claimed: EVENTS_TTL_DAYS removed events of [\d,]+ orders; their rows stay as they were/,
  );
  expect(stdout).toContain('0 rows differ');
  expect(await fingerprint()).toEqual(before);
  await done(['audit'], stack.env);
}, 120_000);

it('has an audit that claims nothing of what may be forgotten while it looks', async () => {
  const time = Date.now() - 6 * DAY_MS + 60_000;
  await done(['produce', 'file', '-'], stack.env, JSON.stringify(paidReport('soon', { time })));
  await consumed();
  expect((await done(['audit'], stack.env)).stdout).toContain('all accounted for');
  await lie("ALTER TABLE kaquan_store.events DELETE WHERE order_id = 'soon'");
  const { stdout } = await done(['audit'], stack.env);
  expect(stdout).toMatch(/not claimed: of [\d,]+ offsets of partition/);
}, 60_000);

it('folds no order by another version of which events were forgotten', async () => {
  await clickhouse.command("INSERT INTO kaquan_store.facts (name, value) VALUES ('fold_version', '0')");
  const { code, stderr } = await rebuild();
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("which were folded by version 0 and can't be folded by 1"),
  });
}, 120_000);
