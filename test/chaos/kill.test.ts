import { afterAll, beforeAll, expect, it } from '@jest/globals';

import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { ACCOUNTED, done, endConsumers, numberOf, simulate, startConsumer, storeOf } from '../e2e/kaquan.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { scale } from './figures.ts';
import { proven } from './proof.ts';

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

const settled = async (records: number): Promise<void> => {
  expect(await numberOf(clickhouse, ACCOUNTED)).toBe(records);
};

// Small flushes, so that a kill finds batches being built and being stored.
const SMALL = { ORDERS_BATCH_EVENTS: '500', ORDERS_FLUSH_MS: '20', KAFKA_SESSION_TIMEOUT_MS: '3000' };

const KILLS = scale('CHAOS_KILLS', 2, 10);

let published = 0;

it('loses and doubles nothing when the consumer is killed again and again with work in its hands', async () => {
  published += (await simulate(stack.env, '--orders', String(1200 * KILLS), '--seed', '31')).records;
  const env = { ...stack.env, ...SMALL };
  for (let kill = 0; kill < KILLS; kill++) {
    const consumer = startConsumer(env);
    // At a commit the next batch is built already, or being built: later ones of the same life fall elsewhere.
    for (let commits = 0; commits <= kill % 4; commits++) await consumer.says('committed');
    expect(await numberOf(clickhouse, ACCOUNTED)).toBeLessThan(published);
    consumer.child.kill('SIGKILL');
    expect(await consumer.ended).toEqual({ code: null, signal: 'SIGKILL' });
  }
  expect(await startConsumer(env, ['--until-caught-up']).ended).toEqual({ code: 0, signal: null });
  await settled(published);
  await proven(stack.env, { scenario: '1 killed at any moment', faults: { killed: KILLS }, seeds: ['31'] });
}, 900_000);

it('keeps every figure when a frozen consumer wakes up after its successor has finished its work', async () => {
  published += (await simulate(stack.env, '--orders', '9000', '--seed', '32')).records;
  const env = { ...stack.env, ...SMALL };
  const frozen = startConsumer(env);
  // At a commit the next batch is full already, and being stored.
  await frozen.says('committed');
  frozen.child.kill('SIGSTOP');
  expect(await numberOf(clickhouse, ACCOUNTED)).toBeLessThan(published);
  // The broker gives it the partitions only once the frozen one's session is over.
  const successor = startConsumer(env, ['--until-caught-up']);
  expect(await successor.ended).toEqual({ code: 0, signal: null });
  frozen.child.kill('SIGCONT');
  await frozen.says('assigned');
  frozen.child.kill('SIGTERM');
  expect(await frozen.ended).toEqual({ code: 0, signal: null });
  await settled(published);
  await proven(stack.env, {
    scenario: '4 zombie',
    faults: { 'frozen beyond its session': 1 },
    seeds: ['32'],
  });
}, 900_000);
