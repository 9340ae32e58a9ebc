import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Admin } from 'kafkajs';

import { publishedLog, type PublishedEvent } from '../../cli/chaos/oracle/log.ts';
import { verdict } from '../../cli/chaos/oracle/verdict.ts';
import { connectKafka, kafkaClient } from '../../cli/connections.ts';
import type { LetterCounts } from '../../cli/dlq/list.ts';
import { TOPIC } from '../../schemas/coupon_order/topic.ts';
import { done, kaquan, numberOf, simulate, startConsumer, type RunningConsumer } from '../e2e/kaquan.ts';
import { paidRecord } from '../e2e/paid-order.ts';
import { until } from '../integration/embedded-http.ts';
import { kafkaOf, withAdmin } from '../integration/producers-log.ts';
import { lagOf } from './group-offsets.ts';
import { mutatedBuild } from './mutated-build.ts';
import { proofFigure, proven } from './proof.ts';
import { startScene, type Scene } from './scene.ts';

const PARTITIONS = 4;
const MISROUTED = 300;
const REMOVED = 50;

let scene: Scene;
/** The events of topics that are gone. */
const former: PublishedEvent[] = [];

beforeAll(async () => {
  scene = await startScene();
}, 120_000);

afterAll(() => scene.stop(), 60_000);

const admin = <T>(work: (of: Admin) => Promise<T>): Promise<T> => withAdmin(scene.brokers, work);

const publish = (seed: number): Promise<unknown> =>
  simulate(scene.env, '--orders', '300', '--seed', String(seed));

const consumed = (...args: string[]): Promise<unknown> =>
  done(['consume', 'orders', '--until-caught-up', ...args], scene.env);

/** What a consumer says that may not run. */
async function refusal(...args: string[]): Promise<string> {
  const { code, stderr } = await kaquan(['consume', 'orders', '--until-caught-up', ...args], scene.env);
  expect(code).toBe(1);
  return stderr;
}

/** What the topic holds now. */
async function published(): Promise<PublishedEvent[]> {
  const of = await connectKafka(scene.env);
  return publishedLog(kafkaClient(scene.env), of)
    .then(({ events }) => events)
    .finally(() => of.close());
}

/** As `proven`, of all that was published since the beginning and not removed before it was read. */
async function provenSoFar(scenario: string, faults: Readonly<Record<string, number>>): Promise<void> {
  const events = [...former, ...(await published())];
  const { clickhouse } = scene;
  const log = { records: events.length, events, unreadable: 0 };
  const found = await verdict({ clickhouse, timeZone: 'Asia/Shanghai', log, receipts: undefined });
  expect(found).toMatchObject({ counted: { missing: [], surplus: [] }, differences: [] });
  const { stdout } = await done(['audit', '--json'], scene.env);
  expect(JSON.parse(stdout)).toMatchObject({ clean: true, unaccounted_offsets: 0, differences: 0 });
  proofFigure(scene.env, found, { scenario, faults }, 0);
}

const endOf = (partition: number): Promise<number> =>
  admin(async (of) => {
    const ends = await of.fetchTopicOffsets(TOPIC);
    return Number(ends.find((end) => end.partition === partition)?.high);
  });

/** As retention does. */
const removeBefore = (partition: number, offset: number): Promise<void> =>
  admin(async (of) => {
    await of.fetchTopicOffsets(TOPIC);
    await of.deleteTopicRecords({ topic: TOPIC, partitions: [{ partition, offset: String(offset) }] });
  });

it('keeps the records of a producer that partitions differently, and brings them home by a redrive', async () => {
  await publish(61);
  const producer = kafkaOf(scene.brokers).producer();
  await producer.connect();
  const foreign = Array.from({ length: MISROUTED }, (_, i) => {
    const record = paidRecord(`foreign-${i}`, PARTITIONS);
    return { ...record, partition: (record.partition + 1 + (i % 3)) % PARTITIONS };
  });
  await producer.send({ topic: TOPIC, messages: foreign });
  await producer.disconnect();
  await publish(62);
  await consumed();
  expect((await done(['dlq', 'list', 'orders'], scene.env)).stdout).toMatch(
    /300 misrouted: on another partition than its order belongs to; a sender partitions differently/,
  );
  await done(['dlq', 'redrive', 'orders', '--reason', 'misrouted'], scene.env);
  await consumed();
  const { stdout } = await done(['dlq', 'list', 'orders', '--json'], scene.env);
  const [counts] = JSON.parse(stdout) as [LetterCounts];
  expect(counts.reasons.find(({ reason }) => reason === 'misrouted')).toMatchObject({
    count: MISROUTED,
    redriven: MISROUTED,
    waiting: 0,
  });
  await proven(scene.env, { scenario: '11 a misrouting producer', faults: { misrouted: MISROUTED } });
}, 120_000);

it('refuses to start behind what retention removed, until it is told to', async () => {
  const committed = await endOf(1);
  former.push(...(await published()));
  await publish(63);
  const lost = new Set(await eventsOnly(1, committed, committed + 50));
  expect(lost.size).toBeGreaterThan(0);
  const events = await published();
  former.push(...events.filter(({ eventId }) => !lost.has(eventId)));
  await removeBefore(1, committed + 50);
  expect(await refusal()).toMatch(
    `partition 1: offsets ${committed} to ${committed + 49} are neither stored nor a dead letter, and reading ` +
      'would start behind them: retention removed them',
  );
  expect(await refusal()).toMatch(/Start with --accept-gap to go on without them/);
  await consumed('--accept-gap');
  await provenSoFar('11 retention passed the commit', { 'removed offsets': 50 });
}, 120_000);

/** Events that lie between two offsets of a partition and nowhere else. */
async function eventsOnly(partition: number, from: number, to: number): Promise<string[]> {
  const events = await published();
  const isInside = (event: PublishedEvent): boolean =>
    event.partition === partition && event.offset >= from && event.offset < to;
  const outside = new Set(events.filter((event) => !isInside(event)).map(({ eventId }) => eventId));
  return events.filter(isInside).flatMap(({ eventId }) => (outside.has(eventId) ? [] : [eventId]));
}

/** A consumer that retention overtakes while it is frozen. @param main of another build than this one */
async function overtaken(seed: number, main?: string): Promise<{ consumer: RunningConsumer; read: number }> {
  const consumer = startConsumer(scene.env, [], 'orders', main);
  await consumer.says('assigned');
  await publish(seed);
  await until(async () => ((await lagOf(scene.env, 'orders')) === 0 ? true : undefined));
  consumer.child.kill('SIGSTOP');
  const read = await endOf(2);
  await publish(seed + 1);
  const lost = new Set(await eventsOnly(2, read, read + REMOVED));
  const events = await published();
  former.push(...events.filter(({ eventId }) => !lost.has(eventId)));
  await removeBefore(2, read + REMOVED);
  consumer.child.kill('SIGCONT');
  return { consumer, read };
}

it('stops a running consumer that retention overtook, and never jumps over what was removed', async () => {
  const { consumer, read } = await overtaken(64);
  expect(await consumer.ended).toEqual({ code: 1, signal: null });
  expect(consumer.log()).toMatch(
    `partition 2 of ${TOPIC}: the log starts at ${read + REMOVED}, but the next offset to read is ${read}; ` +
      'retention removed what lies between. Start with --accept-gap',
  );
  expect(await refusal()).toMatch(/Start with --accept-gap/);
  await consumed('--accept-gap');
  await provenSoFar('11 retention overtook a consumer', { 'removed offsets': REMOVED });
}, 120_000);

it('would jump over it if it took records that are not the expected next ones', async () => {
  const build = mutatedBuild([
    { file: 'runtime/kafka/group.js', text: 'if (fetchedOffset(batch) !== position)', by: 'if (false)' },
  ]);
  try {
    const { consumer, read } = await overtaken(68, build.main);
    await until(async () => ((await lagOf(scene.env, 'orders')) === 0 ? true : undefined));
    expect(
      await numberOf(
        scene.clickhouse,
        `SELECT max(last_offset) - min(first_offset) + 1 FROM kaquan_store.skips
         WHERE reason = 'no_record' AND partition = 2 AND first_offset >= ${read} AND last_offset < ${read + REMOVED}`,
      ),
    ).toBe(REMOVED);
    consumer.child.kill('SIGTERM');
    expect(await consumer.ended).toEqual({ code: 0, signal: null });
  } finally {
    build.remove();
  }
}, 120_000);

it.each([
  ['with fewer records than were processed', 10],
  ['and filled beyond what was processed', 3000],
])(
  'refuses a topic that was made anew by hand %s',
  async (_, records) => {
    await consumed();
    former.push(...(await published()));
    await admin(async (of) => {
      await of.deleteTopics({ topics: [TOPIC] });
      await gone(of);
      await of.createTopics({
        waitForLeaders: true,
        topics: [{ topic: TOPIC, numPartitions: PARTITIONS, replicationFactor: 1 }],
      });
    });
    await simulate(scene.env, '--orders', String(records), '--seed', `anew-${records}`);
    expect(await refusal()).toMatch(/the topic was recreated or cut\. Run `kaquan rebuild orders`/);
    expect(await refusal('--accept-gap')).toMatch(/the topic was recreated or cut/);
    await admin(async (of) => {
      await of.deleteTopics({ topics: [TOPIC] });
      await gone(of);
    });
    await done(['migrate'], scene.env);
    await publish(66 + records);
    await consumed();
    await provenSoFar('11 a topic made anew', { 'topics made anew': 1 });
  },
  120_000,
);

async function gone(of: Admin): Promise<void> {
  while ((await of.listTopics()).includes(TOPIC)) await new Promise((resolve) => setTimeout(resolve, 50));
}

it('stops producers and consumers when partitions were added, before a key moves, until a rebuild', async () => {
  const consumer = startConsumer(scene.env);
  await consumer.says('assigned');
  const before = await published();
  await admin((of) => of.createPartitions({ topicPartitions: [{ topic: TOPIC, count: PARTITIONS + 2 }] }));
  const way = /Set KAFKA_PARTITIONS=6 and run `?kaquan rebuild orders/;
  const producing = await kaquan(['produce', 'simulate', '--orders', '10'], scene.env);
  expect(producing).toMatchObject({ code: 1 });
  expect(producing.stderr).toMatch(/6 partitions/);
  expect(await refusal()).toMatch(way);
  expect(await consumer.ended).toEqual({ code: 1, signal: null });
  expect(consumer.log()).toMatch(`${TOPIC} has 6 partitions, but 4 are recorded`);
  expect(consumer.log()).toMatch(way);
  expect((await kaquan(['migrate'], scene.env)).stderr).toMatch(way);
  const env = { ...scene.env, KAFKA_PARTITIONS: String(PARTITIONS + 2) };
  await done(['rebuild', 'orders'], env);
  await simulate(env, '--orders', '300', '--seed', '67');
  await done(['consume', 'orders', '--until-caught-up'], env);
  // What lay in the log before does so by the count of then.
  former.push(...before);
  await provenSoFar('11 added partitions', { 'partitions added': 2 });
}, 180_000);
