import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { REPORT_GROUP } from '../../schemas/coupon_order/topic.ts';
import { simulate, startConsumer, startService } from '../e2e/kaquan.ts';
import { paidReport } from '../e2e/paid-order.ts';
import { startTestReceiver, type TestReceiver } from '../e2e/receiver.ts';
import { post } from '../integration/collector-service.ts';
import { until } from '../integration/embedded-http.ts';
import { scale } from './figures.ts';
import { lagOf } from './group-offsets.ts';
import { proven } from './proof.ts';
import { startClusterScene, type ClusterScene } from './scene.ts';

const AWAY_MS = scale('CHAOS_AWAY_MS', 8000);
const SESSION_MS = 2000;

let scene: ClusterScene;
let receiver: TestReceiver;

beforeAll(async () => {
  [scene, receiver] = await Promise.all([
    startClusterScene(1, {
      KAFKA_SESSION_TIMEOUT_MS: String(SESSION_MS),
      ORDERS_BATCH_EVENTS: '200',
      REPORT_RATE: '300',
      COLLECTOR_LISTEN: '127.0.0.1:0',
      COLLECTOR_TIMEOUT_MS: '1000',
      COLLECTOR_RATE: '0',
    }),
    startTestReceiver(),
  ]);
}, 240_000);

afterAll(() => Promise.all([scene.stop(), receiver.stop()]), 60_000);

it.each(['SIGKILL', 'SIGTERM'] as const)(
  'goes on by itself when Kafka was away for longer than a session (%s)',
  async (signal) => {
    const env = { ...scene.env, ...receiver.env };
    const [node] = scene.cluster.nodes;
    await simulate(scene.env, '--orders', '2000', '--seed', `away-${signal}`);
    const members = [startConsumer(env), startConsumer(env, [], REPORT_GROUP)];
    const collector = await startService(env, 'collector');
    const report = async (order: string): Promise<number> =>
      (await post(`${collector.url}/api/report?token=shop`, paidReport(order))).status;
    expect(await report(`before-${signal}`)).toBe(200);
    await until(() => (receiver.receipts().length > 0 ? true : undefined), 60_000);
    expect(await lagOf(scene.env, REPORT_GROUP)).toBeGreaterThan(0);
    await node?.end(signal);
    const since = performance.now();
    let refused = 0;
    do {
      expect(await report(`away-${signal}`)).toBe(503);
      refused += 1;
    } while (performance.now() - since < AWAY_MS);
    expect(AWAY_MS).toBeGreaterThan(3 * SESSION_MS);
    await node?.start();
    await until(async () => ((await report(`away-${signal}`)) === 200 ? true : undefined), 120_000);
    for (const group of ['orders', REPORT_GROUP])
      await until(async () => ((await lagOf(scene.env, group)) === 0 ? true : undefined), 240_000);
    for (const member of [...members, collector]) {
      expect(member.child.exitCode).toBeNull();
      member.child.kill('SIGTERM');
      expect(await member.ended).toEqual({ code: 0, signal: null });
    }
    await proven(scene.env, {
      scenario: `10 Kafka away (${signal})`,
      receipts: receiver.log,
      faults: { 'seconds away': Math.round((performance.now() - since) / 1000), 'answers of 503': refused },
    });
  },
  900_000,
);
