import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { pino } from 'pino';

import { listenerBehind } from '../../cli/chaos/network.ts';
import { createGroup } from '../../runtime/kafka/group.ts';
import { memberMetrics } from '../../runtime/kafka/member-metrics.ts';
import { memberRegistry, openMember } from '../../runtime/kafka/member.ts';
import { createMetrics } from '../../runtime/metrics/metrics.ts';
import { TOPIC } from '../../schemas/coupon_order/topic.ts';
import { done, endConsumers, simulate, startConsumer } from '../e2e/kaquan.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { until } from './embedded-http.ts';
import {
  COORDINATOR_LOAD_IN_PROGRESS,
  COORDINATOR_NOT_AVAILABLE,
  FIND_COORDINATOR,
  HEARTBEAT,
  JOIN_GROUP,
  NOT_COORDINATOR,
  startRefusingProxy,
  UNKNOWN_MEMBER_ID,
  type RefusingProxy,
} from './refusing-proxy.ts';

const PATIENCE_MS = 60_000;

let proxy: RefusingProxy;
let stack: TestStack;
let env: Readonly<Record<string, string | undefined>>;

beforeAll(async () => {
  proxy = await startRefusingProxy();
  stack = await startTestStack({ env: { STACK_KAFKA_LISTENERS: await listenerBehind(proxy) } });
  env = { ...stack.env, KAFKA_BROKERS: `${proxy.address.host}:${proxy.address.port}` };
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
  [
    6,
    'its coordinator moved, and the new one is still loading',
    [refused(NOT_COORDINATOR), LOADING, LOADING],
  ],
  [6, 'it was forgotten by a coordinator that is loading', [refused(UNKNOWN_MEMBER_ID), LOADING, LOADING]],
  [
    6,
    'its coordinator moved, and the broker that it asks for the new one fails',
    [refused(NOT_COORDINATOR), { request: FIND_COORDINATOR, error: NOT_COORDINATOR }],
  ],
  // kafkajs tries these for some 15 s, and would be heard then, within its session.
  [
    20,
    'its coordinator does not come back',
    Array.from({ length: 7 }, () => refused(COORDINATOR_NOT_AVAILABLE)),
  ],
])(
  'joins its group again, with a session of %i s, when %s',
  async (seconds, name, refusals) => {
    const consumer = startConsumer({ ...env, KAFKA_SESSION_TIMEOUT_MS: String(1000 * seconds) });
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

it('is told nothing between two memberships, in which kafkajs refuses to be told anything', async () => {
  const registry = memberRegistry(undefined);
  const member = await openMember({
    group: 'idle',
    clientId: 'test',
    config: { KAFKA_BROKERS: [stack.brokers], KAFKA_SESSION_TIMEOUT_MS: 6000, LIVENESS_SECONDS: 60 },
    listen: undefined,
    setting: '',
    registry,
    metrics: createMetrics(registry, memberMetrics),
    logger: pino({ level: 'silent' }),
    now: Date.now,
  });
  const options = {
    groupId: 'idle',
    topic: TOPIC,
    sessionTimeoutMs: 6000,
    partitionBytes: 1000,
    concurrency: 1,
    maxWaitMs: 100,
    address: member.address,
  };
  const handlers = {
    onAssigned: () => Promise.resolve(new Map()),
    onFetched: () => undefined,
    room: () => Promise.resolve(),
    onFatal: () => undefined,
  };
  const { kafka, admin, watch } = member;
  const group = createGroup(kafka, admin, options, handlers, pino({ level: 'silent' }), watch);
  group.hold(0, 1);
  group.release(0, 1);
  await group.restart();
  await expect(group.commit(1, new Map([[1, 10]]))).rejects.toThrow();
  await member.close();
});
