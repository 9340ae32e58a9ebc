import { spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Kafka } from 'kafkajs';
import { pino } from 'pino';

import { audit, type Audit } from '../../cli/audit/audit.ts';
import { run } from '../../cli/program.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { createAdmin, type KafkaAdmin } from '../../runtime/kafka/admin.ts';
import { createKafka } from '../../runtime/kafka/client.ts';
import { TOPIC } from '../../schemas/coupon_order/topic.ts';
import { done, endConsumers, numberOf, simulate, startConsumer, storeOf } from '../e2e/kaquan.ts';
import { startTestStack, type TestStack } from '../stack.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

let stack: TestStack;
let clickhouse: ClickHouse;
let kafka: Kafka;
let admin: KafkaAdmin;

beforeAll(async () => {
  stack = await startTestStack();
  clickhouse = storeOf(stack);
  kafka = createKafka({ brokers: [stack.brokers], clientId: 'test', logger: pino({ level: 'silent' }) });
  admin = await createAdmin(kafka);
  await done(['migrate'], stack.env);
}, 120_000);

afterAll(async () => {
  endConsumers();
  await Promise.all([admin.close(), clickhouse.close()]);
  await stack.stop();
}, 60_000);

/** What `kaquan audit` says. */
async function asked(...args: string[]): Promise<{ code: number; out: string }> {
  let out = '';
  const stdout = new Writable({
    write(chunk: Buffer, _, next) {
      out += chunk.toString();
      next();
    },
  });
  const code = await run(['audit', ...args], { env: stack.env, stdout, stderr: process.stderr });
  return { code, out };
}

async function audited(): Promise<Audit> {
  const { code, out } = await asked('--json');
  const found = JSON.parse(out) as Audit;
  expect(code).toBe(found.clean ? 0 : 1);
  return found;
}

const differing = ({ orders }: Audit): string[] =>
  orders.differences
    .map(({ table, order_id, status, problem }) => `${table} ${order_id} ${status} ${problem}`)
    .sort();

const lie = (sql: string): Promise<void> => clickhouse.command(sql, { settings: { mutations_sync: 2 } });

async function commit(groupId: string, partition: number, offset: number): Promise<void> {
  const mover = kafka.admin();
  await mover.connect();
  await mover.setOffsets({ groupId, topic: TOPIC, partitions: [{ partition, offset: String(offset) }] });
  await mover.disconnect();
}

const consumed = (): Promise<unknown> => done(['consume', 'orders', '--until-caught-up'], stack.env);

it('finds nothing while events come in, whatever is on its way', async () => {
  const env = { ...stack.env, ORDERS_BATCH_EVENTS: '300', ORDERS_FLUSH_MS: '5' };
  const consumer = startConsumer(env);
  await consumer.says('ready');
  const merchant = ['--orders', '2500', '--seed', '5', '--invalid', '0.02', '--rate', '300', '--for', '5'];
  const published = simulate(stack.env, ...merchant);
  const over = { is: false };
  void published.finally(() => (over.is = true));
  let audits = 0;
  let isMoving = false;
  while (!over.is || audits < 3) {
    const found = await audited();
    expect(found).toMatchObject({ clean: true, unaccounted_offsets: 0, differences: 0 });
    isMoving ||= found.places.some(({ to }) => to > 0) && !over.is;
    audits += 1;
  }
  expect(isMoving).toBe(true);
  consumer.child.kill('SIGTERM');
  await consumer.ended;
  await consumed();
  const found = await audited();
  const { records } = await published;
  expect(found.places.reduce((sum, { to }) => sum + to, 0)).toBe(records);
  expect(found.orders.orders).toBe(await numberOf(clickhouse, 'SELECT count() FROM kaquan.orders'));
  expect((await asked()).out).toContain('Clean: every record below the commits is accounted for');
}, 120_000);

it('comes to the same in small pieces', async () => {
  const { audit: found } = await audit({
    clickhouse,
    admin,
    kafka,
    topic: TOPIC,
    groups: [
      { group: 'orders', ledger: 'events' },
      { group: 'report', ledger: 'report_deliveries' },
    ],
    registryUrl: undefined,
    now: Date.now(),
    slices: { offsets: 1000, orders: 1500 },
  });
  expect(found).toEqual(await audited());
}, 60_000);

it('goes on, and serves what it found as metrics', async () => {
  const env = { ...stack.env, AUDIT_LISTEN: '127.0.0.1:0' };
  const child = spawn(process.execPath, [MAIN, 'audit', '--every', '1'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  const [ready] = (await once(createInterface(child.stderr), 'line')) as [string];
  const verdicts = on(createInterface(child.stdout), 'line');
  for (let round = 0; round < 2; round++)
    expect(String((await verdicts.next()).value)).toContain('Clean: every record below the commits');
  const metrics = await (await fetch(`${/http:\S+/.exec(ready)?.[0] ?? ''}/metrics`)).text();
  expect(metrics).toContain('kaquan_audit_unaccounted_offsets{group="orders"} 0\n');
  expect(metrics).toContain('kaquan_audit_differences 0\n');
  expect(metrics).toMatch(/kaquan_audit_finished_timestamp_seconds \d{10}/);
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
}, 60_000);

it('knows an offset that the log does not have from one that was lost', async () => {
  const producer = kafka.producer({ transactionalId: 'test', idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.send({ topic: TOPIC, messages: [{ key: 'k', value: 'no Avro', partition: 0 }] });
  await transaction.commit();
  await producer.disconnect();
  // The mark of a transaction is an offset without a record once another record follows it.
  await simulate(stack.env, '--orders', '200', '--seed', '6', '--invalid', '0');
  await consumed();
  expect(
    await numberOf(clickhouse, "SELECT count() FROM kaquan_store.skips WHERE reason = 'no_record'"),
  ).toBeGreaterThan(0);
  await lie('ALTER TABLE kaquan_store.skips DELETE WHERE 1');
  expect(await audited()).toMatchObject({ clean: true });
}, 60_000);

const ENTRY =
  "Tuple(time DateTime64(3, 'UTC'), event_id FixedString(16), order_time DateTime64(3, 'UTC'), pay_amt_fen Int64, " +
  'open_id String, coupon_batch_id String, chan_wxapp_scene Int32, chan_id String, chan_shop_id String, coupon_ids Array(String))';

interface Event {
  readonly order_id: string;
  readonly app_id: string;
  readonly partition: number;
  readonly offset: number;
}

/** Of which partition events are removed: not of the one whose events count as told. */
const REMOVED_FROM = 1;

/** An event that is its order's only one of this status, and was published once. */
async function onlyEvent(status: string, n: number): Promise<Event> {
  const [event] = await clickhouse.query<Event>(
    `SELECT order_id, any(toString(app_id)) AS app_id, toUInt32(any(partition)) AS partition, toFloat64(any(offset)) AS offset
     FROM kaquan_store.events WHERE order_status = '${status}' AND events.partition = ${REMOVED_FROM} GROUP BY order_id HAVING count() = 1 ORDER BY order_id LIMIT 1 OFFSET ${n}`,
  );
  if (event === undefined) throw new Error(`no order has one ${status} alone`);
  return event;
}

const found: string[] = [];
let unaccounted = 0;

it('names a milestone that is gone, and where its event lies', async () => {
  const { order_id, app_id, partition, offset } = await onlyEvent('cancel_pay', 0);
  await lie(
    `ALTER TABLE kaquan_store.milestones DELETE WHERE order_id = '${order_id}' AND status = 'cancel_pay'`,
  );
  found.push(`milestones ${order_id} cancel_pay missing`);
  const { orders, ...rest } = await audited();
  expect(rest).toMatchObject({ clean: false, differences: 1, unaccounted_offsets: 0 });
  expect(orders.differences).toMatchObject([
    { app_id, order_id, place: { generation: 1, partition, offset } },
  ]);
  const { code, out } = await asked();
  expect(code).toBe(1);
  expect(out).toContain(`${app_id}:${order_id} cancel_pay: milestones lacks {"minute":`);
  expect(out).toContain(`(by the event of generation 1, partition ${partition}, offset ${offset})`);
  expect(out).toContain('NOT CLEAN: 0 offsets unaccounted for, 1 rows that the events do not say.');
}, 60_000);

it('names a state that was changed', async () => {
  const { order_id } = await onlyEvent('cancel_pay', 1);
  // Less than the true one: a state only ever falls.
  const less =
    "(tupleElement(cancel_pay, 'time'), tupleElement(cancel_pay, 'event_id'), toDateTime64(0, 3, 'UTC'), 1, '', '', 0, '', '', [])";
  await lie(
    `INSERT INTO kaquan_store.states SELECT * REPLACE (CAST(${less} AS ${ENTRY}) AS cancel_pay)
     FROM kaquan_store.states WHERE order_id = '${order_id}'`,
  );
  found.push(`states ${order_id} cancel_pay missing`, `states ${order_id} cancel_pay surplus`);
  expect(differing(await audited())).toEqual(found.toSorted());
}, 60_000);

it('names an event that is gone: its place, and the rows that were made from it', async () => {
  const { order_id, partition, offset } = await onlyEvent('cancel_pay', 2);
  await lie(`ALTER TABLE kaquan_store.events DELETE WHERE partition = ${partition} AND offset = ${offset}`);
  found.push(`states ${order_id} cancel_pay surplus`, `milestones ${order_id} cancel_pay surplus`);
  unaccounted += 1;
  const now = await audited();
  expect(differing(now)).toEqual(found.toSorted());
  expect(now.unaccounted_offsets).toBe(unaccounted);
  expect(now.places[partition]).toMatchObject({ unaccounted: 1, ranges: [{ first: offset, last: offset }] });
}, 60_000);

it('names what a commit that was moved leaves behind', async () => {
  const before = (await admin.offsets(TOPIC)).get(3)?.end ?? 0;
  await simulate(stack.env, '--orders', '100', '--seed', '8');
  const { end = 0 } = (await admin.offsets(TOPIC)).get(3) ?? {};
  await commit('orders', 3, end - 1);
  unaccounted += end - 1 - before;
  const now = await audited();
  expect(now.unaccounted_offsets).toBe(unaccounted);
  expect(now.places[3]?.ranges).toContainEqual({ first: before, last: end - 2 });
  expect((await asked()).out).toMatch(
    new RegExp(
      `partition 3: .* offsets below the commit of orders are neither stored.*${before} to ${end - 2}`,
    ),
  );
}, 60_000);

const told = ({ places }: Audit) => places.find(({ group }) => group === 'report');

it('proves of the other group that every event was told, wherever its records lie', async () => {
  await clickhouse.command(
    `INSERT INTO kaquan_store.report_deliveries (app_id, time, event_id, outcome, generation, partition, offset, at, attempts, status, code)
     SELECT app_id, time, event_id, 'accepted', max(generation), argMax(partition, offset), max(offset), now64(3), 1, 200, 0
     FROM kaquan_store.events WHERE partition = 0 GROUP BY app_id, time, event_id`,
  );
  await clickhouse.command(
    `INSERT INTO kaquan_store.dead_letters (consumer_group, generation, partition, offset, record_time, reason)
     SELECT 'report', generation, partition, offset, record_time, reason FROM kaquan_store.dead_letters WHERE partition = 0`,
  );
  const committed = (await admin.committed('orders', TOPIC)).get(0) ?? 0;
  await commit('report', 0, committed);
  expect(told(await audited())).toMatchObject({ to: committed, unaccounted: 0, unclaimed: 0 });

  const [twice] = await clickhouse.query<{ id: string; records: number }>(
    'SELECT hex(event_id) AS id, toUInt32(count()) AS records FROM kaquan_store.events WHERE partition = 0 GROUP BY id HAVING records = 2 ORDER BY id LIMIT 1',
  );
  await lie(`ALTER TABLE kaquan_store.report_deliveries DELETE WHERE hex(event_id) = '${twice?.id ?? ''}'`);
  expect(told(await audited())).toMatchObject({ unaccounted: 2 });
}, 60_000);

it('looks the event of a record up that is stored nowhere yet', async () => {
  // As if the group orders were behind: it has not stored these events.
  const before = told(await audited());
  await lie('ALTER TABLE kaquan_store.events DELETE WHERE partition = 0');
  expect(told(await audited())).toEqual(before);
}, 60_000);

it('does not claim what retention removed', async () => {
  const { end = 0 } = (await admin.offsets(TOPIC)).get(3) ?? {};
  const remover = kafka.admin();
  await remover.connect();
  await remover.fetchTopicOffsets(TOPIC);
  await remover.deleteTopicRecords({ topic: TOPIC, partitions: [{ partition: 3, offset: String(end) }] });
  await remover.disconnect();
  const now = await audited();
  expect(now.places[3]).toMatchObject({ unaccounted: 0 });
  expect(now.places[3]?.unclaimed).toBeGreaterThan(0);
  expect((await asked()).out).toMatch(/not claimed: of \d+ offsets of partition 3 nothing is left/);
}, 60_000);
