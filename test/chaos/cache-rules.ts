import { expect } from '@jest/globals';

import type { ClickHouseProxy, InjectedHttp } from '../../runtime/faults/clickhouse-proxy.ts';
import { partitionOf } from '../../runtime/kafka/partitioner.ts';
import type { CouponOrderProducer } from '../../producers/coupon-order-producer.ts';
import { ORDER_STATUSES, type OrderStatus } from '../../schemas/index.ts';
import { done, numberOf, startConsumer, type RunningConsumer } from '../e2e/kaquan.ts';
import { statusReport } from '../e2e/paid-order.ts';
import { until } from '../integration/embedded-http.ts';
import { lagOf } from './group-offsets.ts';
import type { Scene } from './scene.ts';

export const PARTITIONS = 2;

const MINUTE = 60_000;
const PATIENCE_MS = 60_000;

export interface Stage {
  readonly scene: Pick<Scene, 'env' | 'clickhouse'>;
  /** Between the consumers and ClickHouse. */
  readonly proxy: ClickHouseProxy;
  readonly backend: CouponOrderProducer;
  /** The merchant of this play alone. */
  readonly appId: string;
  /** The command of the build that plays; this one unless told. */
  readonly main?: string;
}

/** One history, and the fault in it. @returns how often each fault happened */
export type Scenario = (play: Play) => Promise<Readonly<Record<string, number>>>;

type Step = readonly [status: OrderStatus, orders: readonly string[]];

/** What the scenarios are told with. */
export class Play {
  readonly appId: string;
  readonly proxy: ClickHouseProxy;
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.appId = stage.appId;
    this.proxy = stage.proxy;
    this.#stage = stage;
  }

  get env(): Scene['env'] {
    return this.#stage.scene.env;
  }

  consumer(settings: Readonly<Record<string, string>> = {}): RunningConsumer {
    const env = { ...this.env, CLICKHOUSE_URL: this.proxy.url, ...settings };
    return startConsumer(env, [], 'orders', this.#stage.main);
  }

  /** So many orders that lie in one partition. */
  orders(partition: number, count: number): string[] {
    const found: string[] = [];
    for (let n = 100; found.length < count; n += 1) {
      const order = `order-${n}-of-${this.appId}`;
      if (partitionOf(Buffer.from(`${this.appId}:${order}`), PARTITIONS) === partition) found.push(order);
    }
    return found;
  }

  /** Publishes in this order; resolves when all of it is in the log. */
  async report(...steps: readonly Step[]): Promise<void> {
    const reports = steps.flatMap(([status, orders]) =>
      orders.map((orderId) =>
        statusReport({ orderId, appId: this.appId }, status, ORDER_STATUSES.indexOf(status) * MINUTE),
      ),
    );
    const { refused } = await this.#stage.backend.send(reports);
    expect(refused).toEqual([]);
  }

  async caughtUp(): Promise<void> {
    await until(async () => ((await lagOf(this.env, 'orders')) === 0 ? true : undefined), PATIENCE_MS);
  }

  /** Publishes, and waits until it is stored and committed. */
  async handled(...steps: readonly Step[]): Promise<void> {
    await this.report(...steps);
    await this.caughtUp();
  }

  count(sql: string): Promise<number> {
    return numberOf(this.#stage.scene.clickhouse, sql);
  }
}

export const happened = (injected: InjectedHttp, withinMs = PATIENCE_MS): Promise<true> =>
  until(() => (injected.hits() > 0 ? true : undefined), withinMs);

export async function leave(consumer: RunningConsumer): Promise<void> {
  consumer.child.kill('SIGTERM');
  expect(await consumer.ended).toEqual({ code: 0, signal: null });
}

/** The partitions of each assignment that a consumer had. */
export const assignments = (consumer: RunningConsumer): number[][] =>
  consumer
    .log()
    .split('\n')
    .filter((line) => line.includes('"msg":"assigned"'))
    .map((line) => (JSON.parse(line) as { partitions: number[] }).partitions);

const has = (consumer: RunningConsumer, count: number): Promise<true> =>
  until(() => (assignments(consumer).at(-1)?.length === count ? true : undefined), PATIENCE_MS);

export const insertInto =
  (table: string) =>
  (sql: string): boolean =>
    sql.startsWith(`INSERT INTO kaquan_store.${table}`);

const isLookUp = (sql: string): boolean => /max\(revision\).* FROM kaquan_store\.states/.test(sql);

/** ClickHouse refuses one event of a batch that is folded already: the batch is thrown away, and fetched again. */
export const thrownBatch: Scenario = async (play) => {
  const [offender = '', ...orders] = play.orders(0, 6);
  const consumer = play.consumer();
  await play.handled(['give_order', orders]);
  const isOffending = insertInto('events');
  const refusal = play.proxy.inject(
    { type: 'answer', status: 400, code: 117, text: 'Code: 117. (INCORRECT_DATA)' },
    { matches: (sql, body) => isOffending(sql) && body.includes(offender) },
  );
  const before = assignments(consumer).length;
  await play.handled(['payed', orders], ['give_order', [offender]], ['pay', orders]);
  const again = assignments(consumer).length - before;
  refusal.remove();
  await done(['dlq', 'redrive', 'orders'], play.env);
  await play.handled(['payed', [offender]], ['refund', orders]);
  await leave(consumer);
  return { 'an insert refused': refusal.hits(), 'a batch thrown away and fetched again': again };
};

/** A partition goes to another member, which changes its orders and finds new ones, and comes back. */
export const partitionComesBack: Scenario = async (play) => {
  const orders = [...play.orders(0, 3), ...play.orders(1, 3)];
  const later = [...play.orders(0, 6), ...play.orders(1, 6)].filter((order) => !orders.includes(order));
  const staying = play.consumer();
  await play.handled(['give_order', orders]);
  const visiting = play.consumer();
  await Promise.all([has(staying, 1), has(visiting, 1)]);
  await play.handled(['payed', [...orders, ...later]]);
  await leave(visiting);
  await has(staying, PARTITIONS);
  await play.handled(['refund', [...orders, ...later]]);
  await leave(staying);
  const [gone] = assignments(visiting).at(-1) ?? [];
  const share = await play.count(
    `SELECT uniqExact(order_id) FROM kaquan_store.events WHERE app_id = '${play.appId}' AND partition = ${gone}`,
  );
  return {
    'a partition that left and came back': Number(visiting.log().includes('"msg":"committed"')),
    'orders that another member had meanwhile': share,
  };
};

/** An insert fails while the next batch, of the same order, is folded behind it. */
export const insertFailsBehindFold: Scenario = async (play) => {
  const [order = '', other = ''] = play.orders(0, 2);
  // Nothing is kept in memory but what must be.
  const consumer = play.consumer({ ORDERS_CACHE: '0' });
  await play.handled(['give_order', [order, other]]);
  const held = play.proxy.inject({ type: 'held' }, { matches: insertInto('milestones'), times: 1 });
  await play.report(['payed', [order]]);
  await happened(held);
  const lookUps = play.proxy.inject({ type: 'late_answer', ms: 0 }, { matches: isLookUp });
  await play.report(['pay', [order]], ['payed', [other]]);
  await happened(lookUps);
  held.remove();
  lookUps.remove();
  await play.caughtUp();
  await leave(consumer);
  return { 'an insert failed with the next batch folded behind it': held.hits() };
};

const BATCH = 4;
// Many times what the next batch takes, if nothing keeps it from being stored.
const OVERTAKING_MS = 1000;

/** A consumer dies while one batch is being stored and the next one is full. */
export const killedWithTwoBatches: Scenario = async (play) => {
  const orders = play.orders(0, BATCH);
  const [other = ''] = play.orders(0, BATCH + 1).slice(BATCH);
  const settings = {
    ORDERS_CACHE: '0',
    ORDERS_BATCH_EVENTS: String(BATCH),
    KAFKA_SESSION_TIMEOUT_MS: '2000',
  };
  const consumer = play.consumer(settings);
  await play.handled(['give_order', [...orders, other]]);
  const held = play.proxy.inject({ type: 'held' }, { matches: insertInto('milestones'), times: 1 });
  await play.report(['payed', orders]);
  await happened(held);
  const lookUps = play.proxy.inject({ type: 'late_answer', ms: 0 }, { matches: isLookUp });
  const overtaking = play.proxy.inject({ type: 'late_answer', ms: 0 }, { matches: insertInto('states') });
  await play.report(['pay', orders.slice(1)], ['payed', [other]]);
  await happened(lookUps);
  await happened(overtaking, OVERTAKING_MS).catch(() => undefined);
  consumer.child.kill('SIGKILL');
  expect(await consumer.ended).toEqual({ code: null, signal: 'SIGKILL' });
  for (const injected of [held, lookUps, overtaking]) injected.remove();
  const successor = play.consumer(settings);
  await successor.says('ready');
  await play.caughtUp();
  await leave(successor);
  return { 'killed with a batch in store and the next one full': held.hits() };
};
