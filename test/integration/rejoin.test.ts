import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { claimPort } from '../../runtime/embedded/address.ts';
import { done, endConsumers, simulate, startConsumer } from '../e2e/kaquan.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { until } from './embedded-http.ts';
import {
  COORDINATOR_LOAD_IN_PROGRESS,
  COORDINATOR_NOT_AVAILABLE,
  HEARTBEAT,
  JOIN_GROUP,
  NOT_COORDINATOR,
  startRefusingProxy,
  UNKNOWN_MEMBER_ID,
  type RefusingProxy,
} from './refusing-proxy.ts';

const LOOPBACK = '127.0.0.1';
const PATIENCE_MS = 60_000;

let proxy: RefusingProxy;
let stack: TestStack;
let env: Readonly<Record<string, string | undefined>>;

beforeAll(async () => {
  proxy = await startRefusingProxy();
  const port = await claimPort({ host: LOOPBACK, port: 0 }, 'Kafka');
  proxy.target({ host: LOOPBACK, port });
  const seen = `${LOOPBACK}:${proxy.address.port}`;
  stack = await startTestStack({ env: { STACK_KAFKA_LISTENERS: `${LOOPBACK}:${port}=${seen}` } });
  env = { ...stack.env, KAFKA_BROKERS: seen, KAFKA_SESSION_TIMEOUT_MS: '6000' };
  await done(['migrate'], stack.env);
}, 120_000);

afterAll(async () => {
  endConsumers();
  await stack.stop();
  await proxy.stop();
}, 60_000);

const LOADING = { request: JOIN_GROUP, error: COORDINATOR_LOAD_IN_PROGRESS };
const refused = (error: number) => ({ request: HEARTBEAT, error });

it.each([
  ['its coordinator moved, and the new one is still loading', [refused(NOT_COORDINATOR), LOADING, LOADING]],
  ['it was forgotten by a coordinator that is loading', [refused(UNKNOWN_MEMBER_ID), LOADING, LOADING]],
  ['its coordinator does not come back', Array.from({ length: 8 }, () => refused(COORDINATOR_NOT_AVAILABLE))],
])(
  'joins its group again when %s',
  async (name, refusals) => {
    const consumer = startConsumer(env);
    const assignments = (): number => consumer.log().split('"msg":"assigned"').length - 1;
    await consumer.says('ready');
    proxy.refuse(...refusals);
    await until(() => (assignments() > 1 ? true : undefined), PATIENCE_MS);
    proxy.refuse();
    const committed = consumer.says('committed');
    await simulate(stack.env, '--orders', '50', '--seed', name);
    await committed;
    consumer.child.kill('SIGTERM');
    expect(await consumer.ended).toEqual({ code: 0, signal: null });
  },
  2 * PATIENCE_MS,
);
