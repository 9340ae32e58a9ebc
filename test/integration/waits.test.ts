import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { REPORT_GROUP } from '../../schemas/coupon_order/topic.ts';
import {
  ACCOUNTED,
  done,
  endConsumers,
  numberOf,
  simulate,
  startConsumer,
  storeOf,
  type RunningConsumer,
} from '../e2e/kaquan.ts';
import { startTestReceiver, type TestReceiver } from '../e2e/receiver.ts';
import { startTestStack, type TestStack } from '../stack.ts';

// A stack that stops and comes back, on the same ports with the same data.
const data = mkdtempSync(join(tmpdir(), 'kaquan-waits-'));

let stack: TestStack;
let receiver: TestReceiver;
let env: TestStack['env'];

beforeAll(async () => {
  [stack, receiver] = await Promise.all([startTestStack({ data }), startTestReceiver()]);
  env = { ...stack.env, ...receiver.env, KAFKA_PARTITIONS: '1', KAFKA_SESSION_TIMEOUT_MS: '6000' };
  await done(['migrate'], env);
}, 120_000);

afterAll(async () => {
  endConsumers();
  await Promise.all([stack.stop(), receiver.stop()]);
  rmSync(data, { recursive: true, force: true });
}, 60_000);

const sql = async (statement: string): Promise<void> => {
  const store = storeOf(stack);
  await store.command(statement).finally(() => store.close());
};

const accounted = async (): Promise<number> => {
  const store = storeOf(stack);
  return numberOf(store, ACCOUNTED).finally(() => store.close());
};

const lines = (consumer: RunningConsumer, on: string): string[] =>
  consumer
    .log()
    .split('\n')
    .filter((line) => line.includes(`waits for ${on} `));

let published = 0;

describe('a consumer says what it waits for, once, and that it is over', () => {
  let consumer: RunningConsumer;

  beforeAll(async () => {
    consumer = startConsumer(env);
    await consumer.says('assigned');
  }, 60_000);

  it('ClickHouse refuses', async () => {
    await sql('RENAME TABLE kaquan_store.milestones TO kaquan_store.milestones_away');
    const waits = consumer.says(/^waits for ClickHouse since 20.*: ClickHouse refuses with UNKNOWN_TABLE/);
    published += (await simulate(env, '--orders', '50', '--seed', '1')).records;
    expect(await waits).toMatchObject({ level: 40, alarm: true, waits_for: 'ClickHouse' });
    const over = consumer.says(/^waits for ClickHouse no more, after .* s$/);
    await sql('RENAME TABLE kaquan_store.milestones_away TO kaquan_store.milestones');
    await over;
    await consumer.says('committed');
    expect(await accounted()).toBe(published);
    expect(lines(consumer, 'ClickHouse')).toHaveLength(2);
  }, 120_000);

  it('the broker is away', async () => {
    const waits = consumer.says(
      new RegExp(
        `^waits for Kafka since 20.*: Kafka does not answer at ${stack.brokers}: connect ECONNREFUSED`,
      ),
    );
    await stack.stop();
    await waits;
    const over = consumer.says(/^waits for Kafka no more, after .* s$/);
    const { KAFKA_BROKERS = '', CLICKHOUSE_URL = '' } = env;
    stack = await startTestStack({ data, env: { KAFKA_BROKERS, CLICKHOUSE_URL } });
    await over;
    const committed = consumer.says('committed');
    published += (await simulate(env, '--orders', '50', '--seed', '2')).records;
    await committed;
    expect(await done(['consume', 'orders', '--until-caught-up'], env)).toMatchObject({ code: 0 });
    expect(await accounted()).toBe(published);
    // No trace of a stack, and no line for each attempt.
    expect(consumer.log()).not.toMatch(/\\n {4}at |Connection error/);
    expect(lines(consumer, 'Kafka').length).toBeLessThan(8);
  }, 240_000);

  it('the other consumers have all partitions', async () => {
    const other = startConsumer(env);
    expect(
      await Promise.race(
        [consumer, other].map((one) => one.says(/^waits for a partition since 20.*: the other consumers/)),
      ),
    ).toMatchObject({ level: 30, alarm: false });
    other.child.kill('SIGTERM');
    expect(await other.ended).toEqual({ code: 0, signal: null });
    consumer.child.kill('SIGTERM');
    expect(await consumer.ended).toEqual({ code: 0, signal: null });
  }, 120_000);
});

it('a consumer says what the report API answers, once, and that it is over', async () => {
  await receiver.fail({ seed: '1', requests: [{ share: 1, fault: 'status', status: 503 }] });
  const sink = startConsumer(
    { ...env, REPORT_RETRY_MS: '100', REPORT_RETRY_MAX_MS: '500' },
    [],
    REPORT_GROUP,
  );
  const waits = sink.says(/^waits for the report API \(app bi1\) since 20.*: it answers with status 503$/);
  expect(await waits).toMatchObject({ alarm: true });
  const over = sink.says(/^waits for the report API \(app bi1\) no more, after .* s$/);
  await receiver.fail({});
  await over;
  sink.child.kill('SIGTERM');
  expect(await sink.ended).toEqual({ code: 0, signal: null });
  expect(lines(sink, 'the report API')).toHaveLength(2);
}, 120_000);
