import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Kafka } from 'kafkajs';
import { pino } from 'pino';

import { run } from '../../cli/program.ts';
import type { LetterCounts } from '../../cli/dlq/list.ts';
import type { Redrive } from '../../cli/dlq/redrive.ts';
import type { ShownLetter } from '../../cli/dlq/show.ts';
import { readDeadLetters } from '../../cli/status/readings.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { createAdmin, type KafkaAdmin } from '../../runtime/kafka/admin.ts';
import { createKafka } from '../../runtime/kafka/client.ts';
import { deadLetterRecord } from '../../runtime/kafka/dead-letters.ts';
import { createRecordProducer, type OutRecord } from '../../runtime/kafka/producer.ts';
import { deadLetterTopic, TOPIC } from '../../schemas/coupon_order/topic.ts';
import { LATEST } from '../../schemas/index.ts';
import { ACCOUNTED, done, endConsumers, numberOf, startConsumer, storeOf } from '../e2e/kaquan.ts';
import { paidRecord, paidReport } from '../e2e/paid-order.ts';
import { differencesOfAllViews } from '../../cli/chaos/oracle/differences.ts';
import { startTestStack, type TestStack } from '../stack.ts';

const PARTITIONS = 4;
const LATER_ID = 7;
const OF_UNKNOWN_SCHEMA = 1500;
const HOUR = 3_600_000;

let stack: TestStack;
let clickhouse: ClickHouse;
let kafka: Kafka;
let admin: KafkaAdmin;
let registry: Server;
let env: Readonly<Record<string, string | undefined>>;
/** Whether the registry knows the schema by now. */
let isKnown = false;

beforeAll(async () => {
  stack = await startTestStack();
  clickhouse = storeOf(stack);
  kafka = createKafka({ brokers: [stack.brokers], clientId: 'test', logger: pino({ level: 'silent' }) });
  admin = await createAdmin(kafka);
  registry = createServer(({ url, method }, response) => {
    const isThere = method === 'POST' || (isKnown && url === `/schemas/ids/${LATER_ID}`);
    response.writeHead(isThere ? 200 : 404, { 'content-type': 'application/json' });
    const schema = { id: LATER_ID, schema: LATEST.text };
    response.end(JSON.stringify(isThere ? schema : { error_code: 40403, message: 'Schema not found' }));
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  const address = registry.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  env = {
    ...stack.env,
    BRAKE_WINDOW: '1000000',
    REDRIVE_LIMIT: '2',
    SCHEMA_REGISTRY_URL: `http://127.0.0.1:${port}`,
  };
  await done(['migrate'], env);
}, 120_000);

afterAll(async () => {
  endConsumers();
  registry.close();
  await Promise.all([admin.close(), clickhouse.close()]);
  await stack.stop();
}, 60_000);

const recordOf = (orderId: string, more: Parameters<typeof paidRecord>[2] = {}) =>
  paidRecord(orderId, PARTITIONS, more);

async function publish(topic: string, records: readonly OutRecord[]): Promise<void> {
  const producer = await createRecordProducer(kafka, { topic });
  await producer.send(records);
  await producer.close();
}

/** What a command prints, as JSON. */
async function asked<T>(...args: string[]): Promise<T> {
  const said = { out: '', err: '' };
  const to = (stream: 'out' | 'err') =>
    new Writable({
      write(chunk: Buffer, _, next) {
        said[stream] += chunk.toString();
        next();
      },
    });
  const code = await run([...args, '--json'], { env, stdout: to('out'), stderr: to('err') });
  expect({ code, err: said.err }).toEqual({ code: 0, err: '' });
  return JSON.parse(said.out) as T;
}

const listed = async (group: string): Promise<LetterCounts | undefined> =>
  (await asked<LetterCounts[]>('dlq', 'list', group))[0];

const redriven = (...args: string[]): Promise<Redrive> => asked<Redrive>('dlq', 'redrive', ...args);

const consumed = async (): Promise<void> => {
  expect(await startConsumer(env, ['--until-caught-up']).ended).toEqual({ code: 0, signal: null });
};

const logLength = async (): Promise<number> =>
  [...(await admin.offsets(TOPIC)).values()].reduce((sum, { end }) => sum + end, 0);

const paidOrders = (): Promise<number> =>
  numberOf(clickhouse, 'SELECT sum(paid_orders) FROM kaquan.stats_day');

/** Every record is accounted for, and every view says what the oracle says. */
async function exact(): Promise<void> {
  expect(await numberOf(clickhouse, ACCOUNTED)).toBe(await logLength());
  expect(await differencesOfAllViews(clickhouse)).toEqual([]);
}

it('lists what failed, by reason, and shows one whole', async () => {
  const misplaced = recordOf('misplaced');
  await publish(TOPIC, [
    recordOf('good'),
    { ...misplaced, partition: misplaced.partition ^ 1 },
    { ...recordOf('wrong-key'), key: null, partition: 2 },
    { ...recordOf('invalid'), value: Buffer.from('no Avro'), headers: { trace: ['a', 'b'] } },
    ...Array.from({ length: OF_UNKNOWN_SCHEMA }, (_, i) =>
      recordOf(`later-${i}`, { schemaId: LATER_ID, page: 'p'.repeat(4000) }),
    ),
  ]);
  await consumed();
  expect(await paidOrders()).toBe(1);
  const counts = await listed('orders');
  expect(counts).toMatchObject({
    count: OF_UNKNOWN_SCHEMA + 3,
    redriven: 0,
    waiting: OF_UNKNOWN_SCHEMA + 3,
    reasons: [
      { reason: 'unknown_schema', count: OF_UNKNOWN_SCHEMA, redriven: 0 },
      { reason: 'misrouted', count: 2 },
      { reason: 'not_framed', count: 1 },
    ],
  });
  const id = counts?.reasons[2]?.id ?? '';
  expect(await asked<ShownLetter>('dlq', 'show', 'orders', id)).toMatchObject({
    id,
    reason: 'not_framed',
    origin: { topic: TOPIC, partition: recordOf('invalid').partition },
    redriven_at: null,
    key: { text: 'wx1:invalid' },
    headers: { trace: [{ text: 'a' }, { text: 'b' }] },
    value: { text: 'no Avro' },
    event: null,
  });
}, 120_000);

it('a dry run changes nothing', async () => {
  const before = await logLength();
  expect(await redriven('orders', '--dry-run', '--reason', 'misrouted')).toEqual({
    group: 'orders',
    dry_run: true,
    redriven: 2,
    redriven_by_reason: { misrouted: 2 },
    before: 0,
    kept: {},
  });
  expect(await redriven('orders', '--dry-run', '--max', '1')).toMatchObject({ redriven: 1 });
  expect(
    await redriven('orders', '--dry-run', '--since', new Date(Date.now() + HOUR).toISOString()),
  ).toMatchObject({
    redriven: 0,
  });
  expect(await logLength()).toBe(before);
  expect(await listed('orders')).toMatchObject({ redriven: 0 });
}, 60_000);

it('a redrive that is killed is resumed, and every figure is right', async () => {
  isKnown = true;
  const before = await logLength();
  const child = spawn(process.execPath, [MAIN, 'dlq', 'redrive', 'orders'], {
    env: { ...env },
    stdio: 'ignore',
  });
  const ended = once(child, 'close');
  while ((await logLength()) === before && child.exitCode === null);
  child.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
  const first = (await listed('orders'))?.redriven ?? 0;
  expect(first).toBeLessThan(OF_UNKNOWN_SCHEMA + 3);

  const resumed = await redriven('orders');
  expect(resumed).toMatchObject({ before: first, redriven: OF_UNKNOWN_SCHEMA + 3 - first, kept: {} });
  expect(await redriven('orders')).toMatchObject({ redriven: 0, before: OF_UNKNOWN_SCHEMA + 3 });
  await consumed();
  expect(await paidOrders()).toBe(OF_UNKNOWN_SCHEMA + 3);
  await exact();
  // What status counts is what waits: only the one that failed again, as often as it was published.
  const { waiting = 0 } = (await listed('orders')) ?? {};
  const counted = (await readDeadLetters(clickhouse)).filter(({ group }) => group === 'orders');
  expect(counted).toEqual([{ group: 'orders', reason: 'not_framed', count: waiting }]);
}, 120_000);

it('what fails again is redriven a few times, and then no more', async () => {
  const again = await redriven('orders', '--reason', 'not_framed');
  expect(again.redriven).toBeGreaterThanOrEqual(1);
  await consumed();
  const { reasons = [] } = (await listed('orders')) ?? {};
  const id = reasons.find(({ reason }) => reason === 'not_framed')?.id ?? '';
  expect(await asked<ShownLetter>('dlq', 'show', 'orders', id)).toMatchObject({ redrives_before: 2 });
  const before = await logLength();
  const last = await redriven('orders', '--reason', 'not_framed');
  expect(last.redriven).toBe(0);
  expect(Object.keys(last.kept)).toEqual(['it failed again 2 times (REDRIVE_LIMIT)']);
  expect(await logLength()).toBe(before);
}, 120_000);

it('redriven twice, no figure changes', async () => {
  await clickhouse.command('TRUNCATE TABLE kaquan_store.redrives');
  expect(await redriven('orders', '--max', '50')).toMatchObject({ redriven: 50 });
  await consumed();
  expect(await paidOrders()).toBe(OF_UNKNOWN_SCHEMA + 3);
  await exact();
}, 60_000);

it("another group's is skipped and counted, and a report that came over HTTP is published for all", async () => {
  const letter = { reason: 'destination_refused', at: Date.now(), headers: {} };
  const of = (group: string) => ({
    topic: deadLetterTopic(group),
    partitions: 1,
    replication: 1,
    config: {},
  });
  for (const group of ['report', 'collector']) await admin.ensureTopic(of(group));
  const origin = { topic: TOPIC, generation: 1, partition: 0, offset: 0, time: 1 };
  const known = recordOf('only-for-report');
  const kept = deadLetterRecord({ ...letter, ...known, group: 'report', origin });
  // A consumer that was killed before its commit writes the dead letters of its last batch again.
  await publish(deadLetterTopic('report'), [kept, kept]);
  expect(await listed('report')).toMatchObject({ count: 1, waiting: 1 });
  const overHttp = (report: object) =>
    deadLetterRecord({
      ...letter,
      group: 'collector',
      key: null,
      value: Buffer.from(JSON.stringify(report)),
    });
  await publish(deadLetterTopic('collector'), [
    overHttp(paidReport('over-http')),
    overHttp(paidReport('no-page', { page: '' })),
  ]);

  expect(await redriven('report')).toMatchObject({ redriven: 1 });
  const collected = await redriven('collector');
  expect(collected).toMatchObject({ redriven: 1, kept: { 'it still breaks R2': 1 } });
  await consumed();
  expect(await paidOrders()).toBe(OF_UNKNOWN_SCHEMA + 4);
  expect(
    await clickhouse.query("SELECT reason FROM kaquan_store.skips WHERE consumer_group = 'orders'"),
  ).toEqual([{ reason: 'redriven_for_another_group' }]);
  expect(await redriven('collector')).toMatchObject({ redriven: 0, before: 1 });
  await exact();
}, 60_000);

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
