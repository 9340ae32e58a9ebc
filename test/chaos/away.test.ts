import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { startTcpProxy, type TcpProxy } from '../../runtime/faults/tcp-proxy.ts';
import { createRandom } from '../../runtime/process/random.ts';
import { REPORT_GROUP } from '../../schemas/coupon_order/topic.ts';
import { simulate, startConsumer, startProcess, type RunningConsumer } from '../e2e/kaquan.ts';
import { startTestReceiver, type TestReceiver } from '../e2e/receiver.ts';
import { until } from '../integration/embedded-http.ts';
import { scale } from './figures.ts';
import { committedBy, lagOf } from './group-offsets.ts';
import { proven } from './proof.ts';
import { startClusterScene, type ClusterScene } from './scene.ts';

/** How long Kafka is away, each time. */
const AWAY_MS = scale('CHAOS_AWAY_MS', 15_000, 300_000);
const SESSION_MS = 6000;
const RATE = 200;
const PATIENCE_MS = 120_000;
const GROUPS = ['orders', REPORT_GROUP];

let scene: ClusterScene;
let receiver: TestReceiver;
let proxy: TcpProxy;

beforeAll(async () => {
  proxy = await startTcpProxy({ random: createRandom('away', 'proxy') });
  receiver = await startTestReceiver();
  scene = await startClusterScene(
    1,
    { ...receiver.env, KAFKA_SESSION_TIMEOUT_MS: String(SESSION_MS), PRODUCE_DELIVERY_TIMEOUT_MS: '3600000' },
    proxy,
  );
}, 240_000);

afterAll(async () => {
  await scene.stop();
  await Promise.all([receiver.stop(), proxy.stop()]);
}, 60_000);

const addressOf = ({ address: { host, port } }: TcpProxy): string => `${host}:${port}`;

const caughtUp = (): Promise<unknown> =>
  Promise.all(
    GROUPS.map((group) =>
      until(async () => ((await lagOf(scene.env, group)) === 0 ? true : undefined), PATIENCE_MS),
    ),
  );

/** Both groups commit what is new. */
const goOn = (): Promise<unknown> =>
  Promise.all(
    GROUPS.map(async (group) => {
      const before = await committedBy(scene.env, group);
      const isMoved = async () => (await committedBy(scene.env, group)) > before;
      await until(async () => ((await isMoved()) ? true : undefined), PATIENCE_MS);
    }),
  );

const passed = async (ms: number): Promise<void> => {
  const since = performance.now();
  await until(() => (performance.now() - since > ms ? true : undefined), 2 * ms + 10_000);
};

const stopped = (signal: 'SIGTERM' | 'SIGKILL') => async (): Promise<number> => {
  const [node] = scene.cluster.nodes;
  if (node === undefined) throw new Error('there is no broker');
  await node.end(signal);
  await passed(AWAY_MS);
  await node.start();
  return 1;
};

/** Nothing comes through, and no connection ends. */
async function silent(): Promise<number> {
  const hole = proxy.inject({ type: 'black_hole' });
  await passed(AWAY_MS);
  hole.remove();
  return hole.connections();
}

const WAYS: readonly [how: string, away: () => Promise<number>][] = [
  ['stopped', stopped('SIGTERM')],
  ['killed', stopped('SIGKILL')],
  ['silent', silent],
];

it.each(WAYS.slice(0, scale('CHAOS_AWAY_WAYS', 1, WAYS.length)))(
  'catches up without a hand when Kafka was %s for longer than a session',
  async (how, away) => {
    const env = how === 'silent' ? { ...scene.env, KAFKA_BROKERS: addressOf(proxy) } : scene.env;
    await simulate(scene.env, '--orders', '500', '--seed', how);
    const consumers = GROUPS.map((group) => startConsumer(env, [], group));
    await caughtUp();
    const merchant = startProcess(env, [
      ...['produce', 'simulate', '--orders', '0', '--seed', `${how}-live`, '--rate', String(RATE)],
    ]);
    await goOn();
    const faults = await away();
    await goOn();
    merchant.child.kill('SIGINT');
    expect(await merchant.ended).toEqual({ code: 0, signal: null });
    await caughtUp();
    await Promise.all(consumers.map(leaves));
    await proven(scene.env, {
      scenario: `10 Kafka away for ${AWAY_MS / 1000} s`,
      seeds: [how, `${how}-live`],
      receipts: receiver.log,
      faults: { [`Kafka ${how}`]: faults },
    });
  },
  3_600_000,
);

async function leaves(consumer: RunningConsumer): Promise<void> {
  expect(consumer.child.exitCode).toBeNull();
  consumer.child.kill('SIGTERM');
  expect(await consumer.ended).toEqual({ code: 0, signal: null });
}
