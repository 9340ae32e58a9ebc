import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pRetry from 'p-retry';

import { CouponOrderProducer } from '../../producers/coupon-order-producer.ts';
import { byOrder, firsts, publishedLog } from '../../cli/chaos/oracle/log.ts';
import { connectKafka, kafkaClient } from '../../cli/connections.ts';
import { ORDER_STATUSES } from '../../schemas/index.ts';
import { TOPIC } from '../../schemas/coupon_order/topic.ts';
import { done, startConsumer } from '../e2e/kaquan.ts';
import { statusReport } from '../e2e/paid-order.ts';
import { until } from '../integration/embedded-http.ts';
import { withAdmin } from '../integration/producers-log.ts';
import type { Node } from './cluster.ts';
import { committedBy } from './group-offsets.ts';
import { scale } from './figures.ts';
import { proven } from './proof.ts';
import { startClusterScene, type ClusterScene } from './scene.ts';

const NODES = 3;
const PARTITIONS = 4;
const ORDERS_AT_ONCE = 20;
const ROUNDS = scale('CHAOS_BROKER_ROUNDS', 1, 3);
/** How many partitions lose their leader in a round. */
const LEADERS = scale('CHAOS_BROKER_LEADERS', 1, 4);

let scene: ClusterScene;

beforeAll(async () => {
  scene = await startClusterScene(NODES, {
    KAFKA_PARTITIONS: String(PARTITIONS),
    KAFKA_REPLICATION: String(NODES),
    KAFKA_SESSION_TIMEOUT_MS: '6000',
  });
}, 240_000);

afterAll(() => scene.stop(), 60_000);

/** A backend that reports the statuses of its orders one after the other, until it is told to end. */
class Backend {
  /** By order, the ids of its events as they were sent. */
  readonly acknowledged = new Map<string, string[]>();
  retries = 0;
  readonly #producer: CouponOrderProducer;
  readonly #going: Promise<void>;
  #isOver = false;

  constructor(brokers: string) {
    this.#producer = new CouponOrderProducer({
      brokers: brokers.split(','),
      partitions: PARTITIONS,
      deliveryTimeoutMs: 600_000,
      onRetry: () => (this.retries += 1),
    });
    this.#going = this.#goOn();
    this.#going.catch(() => undefined);
  }

  get sent(): number {
    return [...this.acknowledged.values()].reduce((sum, { length }) => sum + length, 0);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#going;
    await this.#producer.close();
  }

  async #goOn(): Promise<void> {
    for (let round = 0; !this.#isOver; round += 1) {
      const orders = Array.from({ length: ORDERS_AT_ONCE }, (_, i) => `order-${round}-${i}`);
      await Promise.all(orders.map((order) => this.#live(order)));
    }
  }

  /** All statuses of an order in one go: nothing but the producer keeps their order. */
  async #live(order: string): Promise<void> {
    const reports = ORDER_STATUSES.map((status, step) => statusReport({ orderId: order }, status, step));
    const { accepted } = await this.#producer.send(reports);
    this.acknowledged.set(
      `wx1:${order}`,
      accepted.map(({ event_id }) => event_id),
    );
  }
}

const partitionsNow = () =>
  pRetry(
    () =>
      withAdmin(
        scene.brokers,
        async (of) => (await of.fetchTopicMetadata({ topics: [TOPIC] })).topics[0]?.partitions ?? [],
      ),
    { retries: 20, minTimeout: 200, maxTimeout: 1000 },
  );

/** The node that leads a partition. */
async function leaderOf(partition: number): Promise<Node> {
  const leader = (await partitionsNow()).find(({ partitionId }) => partitionId === partition)?.leader;
  const node = scene.cluster.nodes.find(({ id }) => id === leader);
  if (node === undefined) throw new Error(`partition ${partition} has no leader`);
  return node;
}

const allInSync = () =>
  until(
    async () => ((await partitionsNow()).every(({ isr }) => isr.length === NODES) ? true : undefined),
    240_000,
  );

it('has every acknowledged event in its order, whichever broker dies or stops', async () => {
  const backend = new Backend(scene.brokers);
  const consumer = startConsumer(scene.env);
  const faults = { SIGKILL: 0, SIGTERM: 0, 'leaders moved': 0 };
  const strike = async (node: Node, signal: 'SIGKILL' | 'SIGTERM', led?: number): Promise<void> => {
    await allInSync();
    const before = { sent: backend.sent, committed: await committedBy(scene.env, 'orders') };
    await node.end(signal);
    faults[signal] += 1;
    // With two of three nodes everything goes on.
    await until(() => (backend.sent > before.sent + ORDERS_AT_ONCE * 12 ? true : undefined), 240_000);
    await until(
      async () => ((await committedBy(scene.env, 'orders')) > before.committed ? true : undefined),
      240_000,
    ).catch((cause: unknown) => {
      const { exitCode } = consumer.child;
      const said = consumer.log().split('\n').slice(-40).join('\n');
      throw new Error(
        `the group commits nothing after ${signal} of ${node.id} (exit code ${exitCode}): ${said}`,
        { cause },
      );
    });
    if (led !== undefined && (await leaderOf(led)) !== node) faults['leaders moved'] += 1;
    await node.start();
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let partition = 0; partition < LEADERS; partition += 1)
      await strike(await leaderOf(partition), 'SIGKILL', partition);
    // As an operator restarts a cluster: the group's coordinator moves each time it is its node's turn.
    for (const node of scene.cluster.nodes) await strike(node, 'SIGTERM');
  }
  await allInSync();
  await backend.end();
  expect(consumer.child.exitCode).toBeNull();
  consumer.child.kill('SIGTERM');
  expect(await consumer.ended).toEqual({ code: 0, signal: null });
  await done(['consume', 'orders', '--until-caught-up'], scene.env);

  const killed = ROUNDS * LEADERS;
  expect(faults).toEqual({ SIGKILL: killed, SIGTERM: ROUNDS * NODES, 'leaders moved': killed });
  const logged = byOrder(firsts(await published()));
  for (const [order, ids] of backend.acknowledged) {
    expect(ids).toHaveLength(ORDER_STATUSES.length);
    expect(logged.get(order)).toEqual(ids);
  }
  const found = await proven(scene.env, {
    scenario: '7 brokers',
    faults: { ...faults, 'sends tried again': backend.retries },
  });
  expect(found.counted.same).toBe(backend.sent);
}, 3_600_000);

async function published() {
  const of = await connectKafka(scene.env);
  return publishedLog(kafkaClient(scene.env), of)
    .then(({ events }) => events)
    .finally(() => of.close());
}
