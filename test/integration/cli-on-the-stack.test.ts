import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';

import { createAdmin } from '../../runtime/kafka/admin.ts';
import { createKafka } from '../../runtime/kafka/client.ts';
import { deadLetterRecord } from '../../runtime/kafka/dead-letters.ts';
import { createRecordProducer } from '../../runtime/kafka/producer.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { until } from './embedded-http.ts';
import { kafkaOf, withAdmin } from './producers-log.ts';

const MAIN = new URL('../../dist/cli/main.js', import.meta.url).pathname;

describe('the command, on real Kafka and ClickHouse', () => {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await startTestStack();
  }, 120_000);

  afterAll(() => stack.stop(), 60_000);

  async function kaquan(args: string[], env: Record<string, string> = {}) {
    const child = spawn(process.execPath, [MAIN, ...args], { env: { ...stack.env, ...env } });
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, ...said };
  }

  /** While `work` runs, there is a topic with another configuration than it must have. */
  async function withTopic(
    topic: string,
    config: Record<string, string>,
    work: () => Promise<void>,
  ): Promise<void> {
    const kafka = kafkaOf(stack.brokers);
    const admin = await createAdmin(kafka);
    await admin.ensureTopic({ topic, partitions: 1, replication: 1, config });
    await work();
    await withAdmin(stack.brokers, (of) => of.deleteTopics({ topics: [topic] }));
    await until(async () => ((await admin.partitionCount(topic)) === undefined ? true : undefined));
    await admin.close();
  }

  const databases = async (): Promise<string> =>
    (await kaquan(['sql', "SELECT count() FROM system.databases WHERE name LIKE 'kaquan%'"])).out;

  it('status says what to do before anything was made', async () => {
    const { code, out } = await kaquan(['status']);
    expect(code).toBe(1);
    expect(out).toContain('There is no topic yet: run kaquan migrate.');
    expect(out).toContain('The tables are not there yet: run kaquan migrate.');
  });

  it.each([
    [
      'compacted',
      { 'cleanup.policy': 'compact', 'message.timestamp.type': 'LogAppendTime' },
      'cleanup.policy=compact',
    ],
    [
      'stamped by its senders',
      { 'message.timestamp.type': 'CreateTime' },
      'message.timestamp.type=CreateTime',
    ],
  ])('migrate refuses a topic that is %s, and changes nothing', async (_, config, found) => {
    await withTopic('coupon_order.v1.dlq.orders', config, async () => {
      const before = await databases();
      const { code, out, err } = await kaquan(['migrate']);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toContain(`coupon_order.v1.dlq.orders has ${found}, but exact figures need`);
      expect(err).toContain(
        `kafka-configs.sh --bootstrap-server ${stack.brokers} --alter --entity-type topics --entity-name coupon_order.v1.dlq.orders --add-config`,
      );
      expect(await databases()).toBe(before);
    });
  });

  it('migrate makes topics and tables, and a second one finds them in place', async () => {
    const first = await kaquan(['migrate', '--json']);
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(first.out)).toMatchObject({
      applied: expect.arrayContaining(['0001_store.sql']),
      topics: [
        { topic: 'coupon_order.v1', created: true, partitions: 4 },
        { topic: 'coupon_order.v1.dlq.orders', created: true, partitions: 1 },
        { topic: 'coupon_order.v1.dlq.report', created: true, partitions: 1 },
        { topic: 'coupon_order.v1.dlq.collector', created: true, partitions: 1 },
      ],
    });
    const second = await kaquan(['migrate']);
    expect(second).toEqual({
      code: 0,
      err: '',
      out:
        'store: up to date\n' +
        'topic coupon_order.v1: in place, 4 partitions, generation 1\n' +
        'topic coupon_order.v1.dlq.orders: in place, 1 partition, generation 2\n' +
        'topic coupon_order.v1.dlq.report: in place, 1 partition, generation 3\n' +
        'topic coupon_order.v1.dlq.collector: in place, 1 partition, generation 4\n',
    });
  });

  it('two migrates at once are one', async () => {
    const runs = await Promise.all([kaquan(['migrate', '--json']), kaquan(['migrate', '--json'])]);
    for (const { code, out } of runs) {
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({
        topics: [{ generation: 1 }, { generation: 2 }, { generation: 3 }, { generation: 4 }],
      });
    }
  });

  it('migrate refuses another partition count for a living topic', async () => {
    const { code, err } = await kaquan(['migrate'], { KAFKA_PARTITIONS: '5' });
    expect(code).toBe(1);
    expect(err).toContain('coupon_order.v1 has 4 partitions, but KAFKA_PARTITIONS is 5');
    expect(err).toContain('Set KAFKA_PARTITIONS=4; docs/operations.md tells the way to another count.');
  });

  it('dlq lists what is there on a cluster where no group ever was', async () => {
    const letter = {
      group: 'collector',
      reason: 'no_json',
      at: 0,
      key: null,
      value: Buffer.of(0),
      headers: {},
    };
    const logger = pino({ level: 'silent' });
    const kafka = createKafka({ brokers: [stack.brokers], clientId: 'test', logger });
    const producer = await createRecordProducer(kafka, { topic: 'coupon_order.v1.dlq.collector' });
    await producer.send([deadLetterRecord(letter)]);
    await producer.close();
    const { code, out, err } = await kaquan(['dlq', 'list', 'collector', '--json']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toMatchObject([{ count: 1, reasons: [{ reason: 'no_json', waiting: 1 }] }]);
  });

  it('status counts what waits, then what was stored', async () => {
    const simulate = ['produce', 'simulate', '--orders', '200', '--seed', '5', '--invalid', '0.05', '--json'];
    const published = JSON.parse((await kaquan(simulate)).out) as {
      records: number;
      poisoned: { total: number };
    };
    expect(published.poisoned.total).toBeGreaterThan(0);

    const waiting = JSON.parse((await kaquan(['status', '--json'])).out) as object;
    expect(waiting).toMatchObject({
      well: false,
      problems: { kafka: null, clickhouse: null },
      groups: [
        { group: 'orders', consumers: 0, lag: { events: published.records, well: false } },
        { group: 'report' },
      ],
      freshness: { measured: null },
    });

    expect(await kaquan(['consume', 'orders', '--until-caught-up'])).toMatchObject({ code: 0, out: '' });
    const stored = await kaquan(['status', '--json']);
    expect(stored.code).toBe(0);
    expect(JSON.parse(stored.out)).toMatchObject({
      groups: [
        {
          lag: {
            events: 0,
            seconds: 0,
            well: false,
            sentence: 'Up to date, but nobody consumes: start kaquan consume orders.',
          },
          deadLetters: { total: published.poisoned.total, well: false },
        },
        { group: 'report' },
      ],
      freshness: { measured: { events: published.records - published.poisoned.total } },
    });
  }, 120_000);

  it('sql prints what the analyst may see, in the format that is asked for', async () => {
    const counted = await kaquan(['sql', 'SELECT count() AS orders FROM orders']);
    expect(counted).toEqual({ code: 0, err: '', out: 'orders\n200\n' });
    expect((await kaquan(['sql', 'SELECT 1 AS x', '--format', 'JSONEachRow'])).out).toBe('{"x":1}\n');
    expect((await kaquan(['sql', 'SELECT 1 AS x FORMAT CSVWithNames'])).out).toBe('"x"\n1\n');
  });

  it('sql streams an answer of any size', async () => {
    const { code, out } = await kaquan(['sql', 'SELECT number FROM numbers(1000000)', '--format', 'TSV']);
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n')).toHaveLength(1_000_000);
  });

  it.each([
    ['a table that is none', 'SELECT * FROM nothing', /^kaquan: Code: 60\. .*UNKNOWN_TABLE/],
    [
      'a failure in the midst of an answer',
      'SELECT throwIf(number = 900000) FROM numbers(1000000)',
      /^kaquan: .*throwIf/,
    ],
    ['what only the store may see', 'SELECT * FROM kaquan_store.states', /^kaquan: Code: 497\. /],
    ['a change', 'DROP VIEW orders', /^kaquan: Code: /],
  ])("sql tells ClickHouse's own words for %s", async (_, query, words) => {
    const { code, err } = await kaquan(['sql', query]);
    expect(code).toBe(1);
    expect(err).toMatch(words);
  });
});
