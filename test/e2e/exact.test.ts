import { afterAll, beforeAll, expect, it } from '@jest/globals';

import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { differencesOfAllViews } from '../../cli/chaos/oracle/differences.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { ACCOUNTED, done, endConsumers, numberOf, simulate, startConsumer, storeOf } from './kaquan.ts';

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

// About 200,000 events with 5 % duplicates, 10 % out of order, 0.1 % invalid.
it('gives every figure of every view as an oracle finds it from the events alone', async () => {
  const simulated = await simulate(stack.env, '--orders', '62000', '--seed', '1709');
  expect(simulated.events).toBeGreaterThan(180_000);
  expect(simulated.poisoned.total).toBeGreaterThan(0);
  const consumer = startConsumer(stack.env, ['--until-caught-up']);
  expect(await consumer.ended).toEqual({ code: 0, signal: null });

  expect(await numberOf(clickhouse, ACCOUNTED)).toBe(simulated.records);
  expect(await numberOf(clickhouse, 'SELECT count() FROM kaquan.coupon_order_events')).toBe(simulated.events);
  expect(
    await numberOf(clickhouse, 'SELECT uniqExact(partition, offset) FROM kaquan_store.dead_letters'),
  ).toBe(simulated.poisoned.total);
  expect(await differencesOfAllViews(clickhouse)).toEqual([]);
}, 900_000);

it('changes no figure when the whole log is read again', async () => {
  const before = await fingerprints();
  // Without its commits the group begins at the log's start.
  await resetGroup(stack.brokers, 'orders');
  const consumer = startConsumer(stack.env, ['--until-caught-up']);
  expect(await consumer.ended).toEqual({ code: 0, signal: null });
  expect(await fingerprints()).toEqual(before);
}, 900_000);

const VIEWS = [
  'stats_minute',
  'stats_hour',
  'stats_day',
  'rates_day',
  'orders',
  'coupon_order_events',
  'order_anomalies',
];

async function fingerprints(): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const view of VIEWS) {
    found[view] = await numberOf(clickhouse, `SELECT sum(cityHash64(*) % 1000003) FROM kaquan.${view}`);
  }
  return found;
}

async function resetGroup(brokers: string, groupId: string): Promise<void> {
  const { default: kafkajs } = await import('kafkajs');
  const admin = new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.deleteGroups([groupId]);
  await admin.disconnect();
}
