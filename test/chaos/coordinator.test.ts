import { afterAll, beforeAll, it } from '@jest/globals';

import { CouponOrderProducer } from '../../producers/coupon-order-producer.ts';
import { startClickHouseProxy, type ClickHouseProxy } from '../../runtime/faults/clickhouse-proxy.ts';
import { createRandom } from '../../runtime/process/random.ts';
import { until } from '../integration/embedded-http.ts';
import { withAdmin } from '../integration/producers-log.ts';
import { assignments, happened, insertInto, leave, PARTITIONS, Play } from './cache-rules.ts';
import type { Node } from './cluster.ts';
import { proven } from './proof.ts';
import { startClusterScene, type ClusterScene } from './scene.ts';

const NODES = 3;
const PATIENCE_MS = 120_000;

let scene: ClusterScene;
let proxy: ClickHouseProxy;
let backend: CouponOrderProducer;

beforeAll(async () => {
  scene = await startClusterScene(NODES, {
    KAFKA_PARTITIONS: String(PARTITIONS),
    KAFKA_REPLICATION: String(NODES),
    KAFKA_SESSION_TIMEOUT_MS: '6000',
    ORDERS_FLUSH_MS: '100',
  });
  const target = scene.env['CLICKHOUSE_URL'] ?? '';
  proxy = await startClickHouseProxy({ target, random: createRandom('coordinator', 'proxy') });
  const brokers = scene.brokers.split(',');
  backend = new CouponOrderProducer({ brokers, partitions: PARTITIONS, deliveryTimeoutMs: PATIENCE_MS });
}, 240_000);

afterAll(async () => {
  await Promise.allSettled([backend.close(), scene.stop()]);
  await proxy.stop();
}, 60_000);

/** The node that coordinates a group: the leader of the partition in which its commits lie. */
async function coordinatorOf(group: string): Promise<Node> {
  const topic = '__consumer_offsets';
  const partitions = await withAdmin(
    scene.brokers,
    async (admin) => (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]?.partitions ?? [],
  );
  const own = Math.abs(javaHash(group)) % partitions.length;
  const leader = partitions.find(({ partitionId }) => partitionId === own)?.leader;
  const node = scene.cluster.nodes.find(({ id }) => id === leader);
  if (node === undefined) throw new Error(`the group ${group} has no coordinator`);
  return node;
}

// Of a text in ASCII.
const javaHash = (text: string): number =>
  [...Buffer.from(text)].reduce((hash, byte) => (Math.imul(hash, 31) + byte) | 0, 0);

it('keeps every figure when the coordinator dies with a batch in store, and the group is joined anew', async () => {
  const play = new Play({ scene, proxy, backend, appId: 'wx-coordinator' });
  const orders = [...play.orders(0, 3), ...play.orders(1, 3)];
  const consumer = play.consumer();
  await play.handled(['give_order', orders]);
  const held = proxy.inject({ type: 'held' }, { matches: insertInto('milestones') });
  await play.report(['payed', orders]);
  await happened(held);
  const before = assignments(consumer).length;
  const dead = await coordinatorOf('orders');
  await dead.end('SIGKILL');
  await until(() => (assignments(consumer).length > before ? true : undefined), PATIENCE_MS);
  held.remove();
  await play.handled(['pay', orders]);
  const moved = Number((await coordinatorOf('orders')) !== dead);
  await leave(consumer);
  await dead.start();
  await proven(scene.env, {
    scenario: "5 the library's own restarts",
    faults: {
      'a coordinator killed': 1,
      'a coordinator that moved': moved,
      'the group joined anew with a batch in store': assignments(consumer).length - before,
    },
  });
}, 400_000);
