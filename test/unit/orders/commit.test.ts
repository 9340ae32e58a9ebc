import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { pino } from 'pino';

import { KnownOrders } from '../../../consumers/orders/known-orders.ts';
import { OrdersPipeline } from '../../../consumers/orders/pipeline.ts';
import { Store } from '../../../consumers/orders/store.ts';
import { BufferPool } from '../../../runtime/bytes/growable.ts';
import type { Group } from '../../../runtime/kafka/group.ts';
import { persistence } from '../../../runtime/process/persistence.ts';
import { Waits } from '../../../runtime/process/waits.ts';
import { createSchemas } from '../../../schemas/index.ts';
import { unaskedStore } from '../unasked-store.ts';

const logger = pino({ level: 'silent' });
// Nothing is inserted: these batches hold no record.
const clickhouse = unaskedStore();
afterAll(() => clickhouse.close());

/** How many of the next commits fail. */
let failing: number;
let tried: number[];
let committed: number[];
let waits: Waits;
let pipeline: OrdersPipeline;
let onTry: () => void;

const group: Pick<Group, 'commit'> = {
  commit(_epoch, offsets) {
    tried.push(...offsets.values());
    onTry();
    if (failing-- > 0) return Promise.reject(new Error('the coordinator is away'));
    committed.push(...offsets.values());
    return Promise.resolve(true);
  },
};

beforeEach(() => {
  [failing, tried, committed, onTry] = [0, [], [], () => undefined];
  waits = new Waits({ logger, now: Date.now });
  const persist = persistence({ waits, logger });
  const origin = { group: 'orders', topic: 'coupon_order.v1', generation: 1 };
  pipeline = new OrdersPipeline({
    limits: { events: 100, bytes: 1_000_000, waitMs: 1 },
    lanes: { cachedStates: 10, brakeWindow: 10, brakeShare: 1 },
    workshop: {
      group: origin.group,
      pool: new BufferPool(2),
      generation: origin.generation,
      schemas: createSchemas(),
      plausible: { past: 1, future: 1 },
      partitions: 1,
    },
    lookUp: () => Promise.resolve(new Map()),
    knownOrders: () => Promise.resolve(new KnownOrders(0)),
    store: new Store({
      clickhouse,
      deadLetters: {
        send: () => Promise.resolve(),
        partitions: () => Promise.resolve(1),
        close: () => Promise.resolve(),
      },
      origin,
      exchange: 0,
      timeoutMs: 1000,
      now: Date.now,
      logger,
      waits,
      onDone: () => undefined,
    }),
    checks: { starts: () => Promise.resolve(new Map([[0, 0]])), partitionCount: () => Promise.resolve() },
    persist,
    logger,
    onStored: () => undefined,
    onFatal: (error) => {
      throw error;
    },
  });
  pipeline.attach(group as Group);
});

/** The log says that it goes on at `to`. */
const fetched = (epoch: number, to: number): void =>
  pipeline.onFetched({ epoch, partition: 0, records: [], from: to, to });

it('makes a commit again that failed, although nothing comes behind it', async () => {
  failing = 2;
  await pipeline.onAssigned(1, [0]);
  let said: string | undefined;
  onTry = () => (said ??= waits.current()[0]?.sentence);
  fetched(1, 7);
  await pipeline.drain();
  expect([tried, committed]).toEqual([[7, 7, 7], [7]]);
  expect(said).toBe('the coordinator is away (the commit)');
  expect(waits.current()).toEqual([]);
});

it('never commits behind a later commit', async () => {
  failing = 1;
  await pipeline.onAssigned(1, [0]);
  onTry = () => {
    if (tried.length === 1) fetched(1, 9);
  };
  fetched(1, 7);
  while (committed.length < 2) await new Promise((resolve) => setImmediate(resolve));
  await pipeline.drain();
  expect([tried, committed]).toEqual([
    [7, 7, 9],
    [7, 9],
  ]);
});

it('gives a commit up whose assignment is over', async () => {
  failing = Number.POSITIVE_INFINITY;
  await pipeline.onAssigned(1, [0]);
  const isTried = new Promise<void>((resolve) => (onTry = resolve));
  fetched(1, 7);
  await isTried;
  await pipeline.onAssigned(2, []);
  expect([tried, committed]).toEqual([[7], []]);
  expect(waits.current()).toEqual([]);
});
