import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Admin, Kafka } from 'kafkajs';
import { pino } from 'pino';

import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { createKafka } from '../../runtime/kafka/client.ts';
import { TOPIC } from '../../schemas/coupon_order/topic.ts';
import { recordedTopic } from '../../sql/records.ts';
import { done, endConsumers, kaquan, numberOf, simulate, startConsumer, storeOf } from '../e2e/kaquan.ts';
import { differencesOfAllViews } from '../../cli/chaos/oracle/differences.ts';
import { startTestStack, type TestStack } from '../stack.ts';

let stack: TestStack;
let clickhouse: ClickHouse;
let kafka: Kafka;
let admin: Admin;
let env: Readonly<Record<string, string | undefined>>;

beforeAll(async () => {
  stack = await startTestStack();
  clickhouse = storeOf(stack);
  kafka = createKafka({ brokers: [stack.brokers], clientId: 'test', logger: pino({ level: 'silent' }) });
  admin = kafka.admin();
  await admin.connect();
  env = stack.env;
  await done(['migrate'], env);
  await simulate(env, '--orders', '600', '--seed', '61', '--late', '0.3');
  await consumed();
}, 120_000);

afterAll(async () => {
  endConsumers();
  await Promise.all([admin.disconnect(), clickhouse.close()]);
  await stack.stop();
}, 60_000);

const consumed = (): Promise<unknown> => done(['consume', 'orders', '--until-caught-up'], env);

/** What a consumer says that refuses to run. */
async function refusal(): Promise<string> {
  const consumer = startConsumer(env);
  expect((await consumer.ended).code).toBe(1);
  return consumer.log();
}

/** Every figure is right, and the audit says so too. */
async function allRight(): Promise<void> {
  expect(await differencesOfAllViews(clickhouse)).toEqual([]);
  expect((await done(['audit'], env)).stdout).toContain('Clean: ');
}

const orders = (): Promise<number> => numberOf(clickhouse, 'SELECT count() FROM kaquan.orders');

it('leads from one version of the fold to another', async () => {
  await clickhouse.command("INSERT INTO kaquan_store.facts (name, value) VALUES ('fold_version', '0')");
  expect(await refusal()).toContain('this program folds with 1: run `kaquan rebuild orders`.');
  const migrate = await kaquan(['migrate'], env);
  expect(migrate.stderr).toContain('this program folds with 1: run kaquan rebuild orders');
  await done(['rebuild', 'orders'], env);
  await done(['migrate'], env);
  await consumed();
  await allRight();
}, 120_000);

it('leads to more partitions of a living topic, and its dead letters to theirs', async () => {
  // Not consumed when the partitions come.
  await simulate(env, '--orders', '300', '--seed', '62', '--invalid', '0');
  await admin.setOffsets({ groupId: 'report', topic: TOPIC, partitions: [{ partition: 1, offset: '7' }] });
  await admin.createPartitions({ topicPartitions: [{ topic: TOPIC, count: 6 }] });
  expect(await refusal()).toContain(
    'coupon_order.v1 has 6 partitions, but 4 are recorded: keys would move to other partitions. ' +
      'Set KAFKA_PARTITIONS=6 and run `kaquan rebuild orders`',
  );
  expect((await kaquan(['migrate'], env)).stderr).toContain(
    'Set KAFKA_PARTITIONS=6 and run kaquan rebuild orders.',
  );
  expect((await kaquan(['rebuild', 'orders'], env)).stderr).toContain(
    'has 6 partitions, but KAFKA_PARTITIONS is 4: set KAFKA_PARTITIONS=6.',
  );
  env = { ...env, KAFKA_PARTITIONS: '6' };
  expect(await refusal()).toContain('or, if the topic has 6 partitions by now, run `kaquan rebuild orders`.');
  const { stderr } = await done(['rebuild', 'orders'], env);
  expect(stderr).toContain('has 6 partitions, and 4 are recorded: it gets a generation of its own');
  const { generation = 0 } = (await recordedTopic(clickhouse, TOPIC)) ?? {};
  expect(await recordedTopic(clickhouse, TOPIC)).toMatchObject({ partitions: 6 });
  expect(
    await numberOf(
      clickhouse,
      `SELECT sum(last_offset) FROM kaquan_store.skips WHERE consumer_group = 'report' AND generation = ${generation}`,
    ),
  ).toBe(6);
  await allRight();
  await consumed();
  const { stdout } = await done(['dlq', 'redrive', 'orders', '--reason', 'misrouted'], env);
  expect(stdout).toMatch(/^redrove \d+ dead letters of orders/m);
  await simulate(env, '--orders', '300', '--seed', '63');
  await consumed();
  await allRight();
  expect(await orders()).toBe(1200);
  // What was processed when there were fewer partitions is no record of this generation, and not judged by it.
  const letters = async (): Promise<unknown> =>
    JSON.parse((await done(['dlq', 'list', 'orders', '--json'], env)).stdout);
  const before = await letters();
  expect((await done(['rebuild', 'orders', '--from', 'topic'], env)).stdout).toContain('0 rows differ');
  expect(await letters()).toEqual(before);
  await allRight();
}, 120_000);

it('leads out of a topic that somebody made anew', async () => {
  await admin.deleteTopics({ topics: [TOPIC] });
  await admin.createTopics({
    topics: [
      {
        topic: TOPIC,
        numPartitions: 6,
        configEntries: [{ name: 'message.timestamp.type', value: 'LogAppendTime' }],
      },
    ],
  });
  await simulate(env, '--orders', '50', '--seed', '64');
  expect(await refusal()).toContain('the topic was recreated or cut. Run `kaquan rebuild orders`');
  const { stderr } = await done(['rebuild', 'orders'], env);
  expect(stderr).toContain('was made anew or cut since it was recorded');
  await allRight();
  await consumed();
  await allRight();
  expect(await orders()).toBe(1250);
}, 120_000);

it('proves what was left of a topic that was deleted and migrated to more partitions', async () => {
  await admin.deleteTopics({ topics: [TOPIC] });
  env = { ...env, KAFKA_PARTITIONS: '8' };
  await done(['migrate'], env);
  const { stdout } = await done(['rebuild', 'orders'], env);
  expect(stdout).toContain('1,250 orders compared: 0 rows differ');
  await simulate(env, '--orders', '50', '--seed', '65');
  await consumed();
  await allRight();
  expect(await orders()).toBe(1300);
}, 120_000);
