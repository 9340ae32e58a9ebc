import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { startNetwork, type Network } from '../../cli/chaos/network.ts';
import { until } from './embedded-http.ts';
import { ACCOUNTED, done, endConsumers, numberOf, simulate, startConsumer, storeOf } from '../e2e/kaquan.ts';
import { startTestStack, type TestStack } from '../stack.ts';

let network: Network;
let stack: TestStack;

beforeAll(async () => {
  network = await startNetwork('1');
  stack = await startTestStack({ env: network.stack });
  network.connect(stack.clickhouseUrl);
  await done(['migrate'], stack.env);
}, 120_000);

afterAll(async () => {
  endConsumers();
  await stack.stop();
  await network.stop();
}, 60_000);

it('stands between every two parts: all that they say goes through it, and a fault there is one of theirs', async () => {
  const { records } = await simulate({ ...stack.env, ...network.producers }, '--orders', '500');
  expect(network.producersKafka.accepted()).toBeGreaterThan(0);
  // Kafka tells its address at each listener: a consumer that was told another one would come past the proxy.
  const bytes = network.kafka.inject({ type: 'latency', latencyMs: 1 });
  const consumer = startConsumer({ ...stack.env, ...network.consumers }, ['--until-caught-up']);
  expect(await consumer.ended).toEqual({ code: 0, signal: null });
  expect(bytes.hits()).toBeGreaterThan(50);
  expect(network.clickhouse.accepted()).toBeGreaterThan(0);
  expect(network.requests.requests()).toBeGreaterThan(3);
  const store = storeOf(stack);
  expect(await numberOf(store, ACCOUNTED)).toBe(records);
  await store.close();
}, 120_000);

it('goes on behind an answer that was cut in the midst', async () => {
  const { records } = await simulate(
    { ...stack.env, ...network.producers },
    '--orders',
    '2000',
    '--seed',
    'cut',
  );
  const accepted = network.kafka.accepted();
  const cut = network.kafka.inject({ type: 'limit_data', bytes: 100_000 }, { direction: 'downstream' });
  const consumer = startConsumer({ ...stack.env, ...network.consumers }, ['--until-caught-up']);
  // More than a member opens: it has come back.
  await until(() => (network.kafka.accepted() > accepted + 8 ? true : undefined), 60_000);
  cut.remove();
  expect(await consumer.ended).toEqual({ code: 0, signal: null });
  const store = storeOf(stack);
  expect(await numberOf(store, ACCOUNTED)).toBeGreaterThanOrEqual(records);
  await store.close();
}, 180_000);
