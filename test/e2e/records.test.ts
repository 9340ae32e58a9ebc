import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import kafkajs, { type Kafka } from 'kafkajs';

import { createKafka } from '../../runtime/kafka/client.ts';
import { partitionOf } from '../../runtime/kafka/partitioner.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import {
  encodeEvent,
  encodeFramed,
  eventIdText,
  parseReport,
  type CouponOrderEvent,
} from '../../schemas/index.ts';
import { versionOf } from '../../schemas/coupon_order/versions.ts';
import { deadLetterTopic, TOPIC } from '../../schemas/coupon_order/topic.ts';
import { pino } from 'pino';
import { differencesOfAllViews } from '../../cli/chaos/oracle/differences.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { ACCOUNTED, done, endConsumers, kaquan, numberOf, startConsumer, storeOf } from './kaquan.ts';

const EXAMPLES = new URL('../../schemas/examples/', import.meta.url);
const PARTITIONS = 4;
const HOUR = 3_600_000;
const V2_REGISTRY_ID = 7;

let stack: TestStack;
let clickhouse: ClickHouse;
let kafka: Kafka;
let registry: Server;
let env: Readonly<Record<string, string | undefined>>;
let published = 0;

beforeAll(async () => {
  stack = await startTestStack();
  clickhouse = storeOf(stack);
  kafka = createKafka({ brokers: [stack.brokers], clientId: 'test', logger: pino({ level: 'silent' }) });
  registry = createServer(({ url }, response) => {
    const known = url === `/schemas/ids/${V2_REGISTRY_ID}`;
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(known ? { schema: v2.text } : { error_code: 40403, message: 'Schema not found' }),
    );
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  const address = registry.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  // The specification's samples are of 2019.
  env = { ...stack.env, PLAUSIBLE_PAST_DAYS: '10000', SCHEMA_REGISTRY_URL: `http://127.0.0.1:${port}` };
  await done(['migrate'], stack.env);
}, 120_000);

afterAll(async () => {
  endConsumers();
  registry.close();
  await clickhouse.close();
  await stack.stop();
}, 60_000);

const v2 = versionOf(2, readFileSync(new URL('../fixtures/coupon_order/v2.avsc', import.meta.url), 'utf8'));

interface Raw {
  readonly key: Buffer | string | null;
  readonly value: Buffer | null;
  readonly partition: number;
}

async function publish(records: readonly Raw[]): Promise<void> {
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  await producer.send({ topic: TOPIC, acks: -1, messages: [...records] });
  await producer.disconnect();
  published += records.length;
}

const examples = (folder: string): unknown[] =>
  readdirSync(new URL(`${folder}/`, EXAMPLES))
    .sort()
    .map((file) => JSON.parse(readFileSync(new URL(`${folder}/${file}`, EXAMPLES), 'utf8')) as unknown);

function eventOf(report: unknown): CouponOrderEvent {
  const parsed = parseReport(report);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  return parsed.event;
}

function reportOf(orderId: string, time: number, more: object = {}): object {
  return {
    type: 'coupon_order',
    props: {
      coupon: {
        order_id: orderId,
        order_time: time,
        order_status: 'payed',
        coupon_batch_id: 'b',
        pay_amt: '9.00',
        ...more,
      },
      coupon_info: [{ coupon_id: 'c' }],
      page: 'pages/x',
      time,
      wx_user: { app_id: 'wx1', open_id: 'o1' },
      chan: { chan_wxapp_scene: 1037 },
    },
  };
}

const keyOf = ({ wx_user: { app_id }, coupon: { order_id } }: CouponOrderEvent): string =>
  `${app_id}:${order_id}`;

function raw(event: CouponOrderEvent, value: Buffer | null = encodeEvent(event)): Raw {
  return { key: keyOf(event), value, partition: partitionOf(keyOf(event), PARTITIONS) };
}

it('brings each valid example to the analyst, and refuses each invalid one with its rule', async () => {
  const valid = examples('valid');
  const invalid = examples('invalid') as { violations: { path: string; rule: string }[]; report: unknown }[];
  const lines = [...valid, ...invalid.map(({ report }) => report)].map((report) => JSON.stringify(report));
  const rejects = join(tmpdir(), `kaquan-rejects-${process.pid}.ndjson`);
  const output = await kaquan(['produce', 'file', '-', '--rejects', rejects], stack.env, lines.join('\n'));
  expect(output.code).toBe(1);

  const rejected = readFileSync(rejects, 'utf8').trim().split('\n');
  rmSync(rejects);
  expect(rejected).toHaveLength(invalid.length);
  for (const [i, line] of rejected.entries()) {
    const { line: number, violations } = JSON.parse(line) as { line: number; violations: object[] };
    expect(number).toBe(valid.length + i + 1);
    expect(violations).toEqual(
      expect.arrayContaining(
        (invalid[i]?.violations ?? []).map((violation) => expect.objectContaining(violation)),
      ),
    );
  }
  published += valid.length;

  expect(await startConsumer(env, ['--until-caught-up']).ended).toEqual({ code: 0, signal: null });
  const events = valid.map(eventOf);
  const ids = new Set(events.map(({ event_id }) => eventIdText(event_id)));
  const rows = await clickhouse.query<{ event_id: string; order_id: string; page: string; unknown: string }>(
    'SELECT event_id, order_id, page, unknown FROM kaquan.coupon_order_events',
  );
  expect(new Set(rows.map(({ event_id }) => event_id))).toEqual(ids);
  expect(rows).toHaveLength(ids.size);
  for (const event of events) {
    const row = rows.find(({ event_id }) => event_id === eventIdText(event.event_id));
    expect(row).toMatchObject({
      order_id: event.coupon.order_id,
      page: event.page,
      unknown: event.unknown ?? '',
    });
  }
}, 200_000);

it('dead-letters what it cannot process, whole and with its reason, and loses nothing else with it', async () => {
  const now = Date.now();
  const good = eventOf(reportOf('good', now));
  const bytes = encodeEvent(good);
  const wrong = partitionOf(keyOf(good), PARTITIONS) ^ 1;
  const bad: readonly (readonly [string, Raw])[] = [
    ['no_value', raw(good, null)],
    ['no_value', raw(good, Buffer.alloc(0))],
    ['not_framed', raw(good, Buffer.from('{"type":"coupon_order"}'))],
    ['unknown_schema', raw(good, Buffer.concat([Buffer.from([0, 0, 0, 0, 99]), bytes.subarray(5)]))],
    ['malformed', raw(good, bytes.subarray(0, bytes.length - 3))],
    ['malformed', raw(good, Buffer.concat([bytes, Buffer.from([0])]))],
    ['damaged_text', raw(good, damaged(bytes, 'pages/x', 'o1'))],
    ['misrouted', { key: keyOf(good), value: bytes, partition: wrong }],
    ['misrouted', { ...raw(good), key: 'good' }],
    ['misrouted', { ...raw(good), key: null }],
    ['implausible_time', raw(eventOf(reportOf('ahead', now + 48 * HOUR)))],
    ['implausible_time', raw(eventOf(reportOf('wrong-clock', 9_999_999_999_999)))],
    ['out_of_bounds', raw({ ...good, coupon: { ...good.coupon, pay_amt: 10_000_000_000_001 } })],
    ['out_of_bounds', raw({ ...good, coupon: { ...good.coupon, pay_amt: -1 } })],
    ['out_of_bounds', raw({ ...good, page_title: 'x'.repeat(1025) })],
  ];
  await publish([...bad.map(([, record]) => record), raw(good)]);
  const second = eventOf(reportOf('of-version-2', now));
  const withNewField = { ...second, coupon: { ...second.coupon, coupon_batch_name: 'new' } };
  await publish([raw(second, encodeFramed(v2.type, V2_REGISTRY_ID, withNewField))]);
  // A phone whose clock is an hour ahead: counted, and listed as one that can't be right.
  const early = eventOf(reportOf('phone-ahead', now + HOUR));
  await publish([raw(early)]);

  expect(await startConsumer(env, ['--until-caught-up']).ended).toEqual({ code: 0, signal: null });
  expect(await deadReasons()).toEqual(bad.map(([reason]) => reason).sort());
  const letters = await deadLetters();
  for (const [reason, { key, value }] of bad) {
    expect(letters).toContainEqual({
      reason,
      key: key?.toString() ?? null,
      value: value?.toString('hex') ?? null,
    });
  }
  const orders = await clickhouse.query<{ order_id: string }>(
    "SELECT order_id FROM kaquan.orders WHERE app_id = 'wx1' ORDER BY order_id",
  );
  expect(orders.map(({ order_id }) => order_id)).toEqual(['good', 'of-version-2', 'phone-ahead']);
  expect(
    await clickhouse.query(
      "SELECT order_id FROM kaquan.order_anomalies WHERE app_id = 'wx1' AND kind = 'future_time'",
    ),
  ).toEqual([{ order_id: 'phone-ahead' }]);
  expect(await numberOf(clickhouse, ACCOUNTED)).toBe(published);
  expect(await differencesOfAllViews(clickhouse)).toEqual([]);
}, 200_000);

// As a batch's attributes number them.
const CODECS = [
  ['gzip', 1],
  ['snappy', 2],
  ['lz4', 3],
  ['zstd', 4],
] as const;

it.each(CODECS)(
  'reads what the broker compressed with %s',
  async (codec, number) => {
    await compressTopic(codec);
    const now = Date.now();
    await publish(Array.from({ length: 200 }, (_, i) => raw(eventOf(reportOf(`${codec}-${i}`, now)))));
    await compressTopic('producer');
    expect(codecsInLog()).toContain(number);

    expect(await startConsumer(env, ['--until-caught-up']).ended).toEqual({ code: 0, signal: null });
    const stored = `SELECT count() FROM kaquan.orders WHERE startsWith(order_id, '${codec}-')`;
    expect(await numberOf(clickhouse, stored)).toBe(200);
  },
  120_000,
);

it('stops before it turns everything into dead letters, and commits none of that', async () => {
  const good = eventOf(reportOf('good', Date.now()));
  const before = await numberOf(clickhouse, ACCOUNTED);
  await publish(Array.from({ length: 1200 }, () => raw(good, Buffer.from('bad'))));
  const consumer = startConsumer({ ...env, BRAKE_WINDOW: '1000' });
  expect(await consumer.ended).toEqual({ code: 1, signal: null });
  expect(consumer.log()).toMatch(/not_framed; stopped before they are committed/);
  expect(await numberOf(clickhouse, ACCOUNTED)).toBe(before);
  // The way that the message names: the setting. Then all of them are kept as dead letters.
  const patient = startConsumer({ ...env, BRAKE_WINDOW: '1000000' }, ['--until-caught-up']);
  expect(await patient.ended).toEqual({ code: 0, signal: null });
  expect(await numberOf(clickhouse, ACCOUNTED)).toBe(published);
}, 200_000);

async function compressTopic(codec: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name: TOPIC,
        configEntries: [
          { name: 'compression.type', value: codec },
          { name: 'message.timestamp.type', value: 'LogAppendTime' },
        ],
      },
    ],
  });
  await admin.disconnect();
}

/** The codecs of the batches that lie in the topic's files. */
function codecsInLog(): Set<number> {
  const found = new Set<number>();
  const folder = join(stack.data, 'kafka');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.log') && name.includes(`${TOPIC}-`))) {
    const log = readFileSync(join(folder, file));
    for (
      let at = 0;
      at + 23 <= log.length && log.readInt32BE(at + 8) > 0;
      at += 12 + log.readInt32BE(at + 8)
    ) {
      found.add(log.readInt16BE(at + 21) & 7);
    }
  }
  return found;
}

/** The value with one byte of the text behind `after` that is no UTF-8. */
function damaged(value: Buffer, after: string, text: string): Buffer {
  const copy = Buffer.from(value);
  copy[copy.indexOf(text, copy.indexOf(after))] = 0xff;
  return copy;
}

async function deadReasons(): Promise<string[]> {
  const rows = await clickhouse.query<{ reason: string }>(
    'SELECT reason FROM kaquan_store.dead_letters FINAL ORDER BY reason',
  );
  return rows.map(({ reason }) => reason);
}

async function deadLetters(): Promise<{ reason: string; key: string | null; value: string | null }[]> {
  const topic = deadLetterTopic('orders');
  const admin = kafka.admin();
  await admin.connect();
  const [end] = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const consumer = kafka.consumer({ groupId: `test-${process.pid}` });
  const letters: { reason: string; key: string | null; value: string | null }[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: ({ message }) => {
          letters.push({
            reason: String(message.headers?.['dlq_reason']),
            key: message.key?.toString() ?? null,
            value: message.value?.toString('hex') ?? null,
          });
          if (Number(message.offset) + 1 >= Number(end?.high)) resolve();
          return Promise.resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return letters;
}
