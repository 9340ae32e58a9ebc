import { pino } from 'pino';

import { BatchBuilder, type Workshop } from '../consumers/orders/batch-builder.ts';
import type { Batch } from '../consumers/orders/batch.ts';
import { eventsInsert, type EventsInsert } from '../consumers/orders/events-insert.ts';
import { judge } from '../consumers/orders/judge.ts';
import { KnownOrders } from '../consumers/orders/known-orders.ts';
import { createLanes } from '../consumers/orders/lane.ts';
import { milestonesInsert, statesInsert } from '../consumers/orders/rows.ts';
import { BufferPool } from '../runtime/bytes/growable.ts';
import { createClickHouse } from '../runtime/clickhouse/client.ts';
import { createKafka } from '../runtime/kafka/client.ts';
import type { FetchedRecord } from '../runtime/kafka/group.ts';
import { createSchemas, framedId } from '../schemas/index.ts';
import { TOPIC } from '../schemas/coupon_order/topic.ts';
import { cpuSeconds } from './processes.ts';
import { workload } from './workload.ts';

export interface PartCost {
  readonly part: string;
  /** CPU-seconds per million events. */
  readonly cpu: number;
}

const BATCH = 100_000;
const PIECE = 8000;
const DAY = 86_400_000;
const MILLION = 1_000_000;

/** What each part of the orders group costs alone, with nothing else running. */
export async function partCosts(
  env: Readonly<Record<string, string | undefined>>,
  clickhousePid: number,
  published: number,
): Promise<PartCost[]> {
  const records = sample();
  const per = (seconds: number, events = records.length): number => (seconds / events) * MILLION;
  const own = async (work: () => Promise<void> | void): Promise<number> => {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
  const schemas = createSchemas();
  const plausible = { past: 400 * DAY, future: DAY };
  const insertOf = insertsOf();
  const judgeAll = (): void => {
    for (const { value, key, time } of records) {
      if (value !== null) judge(schemas, { schemaId: framedId(value) ?? 0, value, key, time }, plausible);
    }
  };
  judgeAll();
  const decode = per(await own(judgeAll));
  let batches: Batch[] = [];
  const build = async (): Promise<void> => {
    batches = await built(records, { schemas, plausible, insertOf });
  };
  await build();
  const all = per(await own(build));
  const fetch = per(await own(() => fetchAll(env, published)), published);
  const inserts = await insertCosts(env, clickhousePid, batches, per);
  return [
    { part: 'fetch: kafkajs with an empty handler', cpu: fetch },
    { part: 'decode: judge every record (projection, proof of its end, bounds, key)', cpu: decode },
    { part: 'fold, place prefix, encode rows and states', cpu: all - decode },
    ...inserts,
  ];
}

function sample(): FetchedRecord[] {
  const records = workload({
    events: BATCH,
    seed: 99,
    until: Date.now(),
    spread: 6 * 3_600_000,
    partitions: 1,
  });
  return [...records].map(({ key, value }, offset) => ({
    partition: 0,
    offset,
    time: Date.now(),
    key,
    value,
    headers: {},
  }));
}

function insertsOf(): (writer: { id: number; text: string }) => EventsInsert {
  const known = new Map<number, EventsInsert>();
  return ({ id, text }) => {
    const insert = known.get(id) ?? eventsInsert(text);
    known.set(id, insert);
    return insert;
  };
}

async function built(
  records: readonly FetchedRecord[],
  workshop: Pick<Workshop, 'schemas' | 'plausible' | 'insertOf'>,
): Promise<Batch[]> {
  const lanes = createLanes([0], { cachedStates: 200_000, brakeWindow: 1000, brakeShare: 1 });
  const builder = new BatchBuilder(1, lanes, {
    ...workshop,
    group: 'orders',
    partitions: 1,
    generation: 4_000_000,
    pool: new BufferPool(8),
    known: new KnownOrders(0),
    lookUp: () => Promise.resolve(new Map()),
    isRefused: () => false,
  });
  for (let from = 0; from < records.length; from += PIECE) {
    const piece = records.slice(from, from + PIECE);
    await builder.add([{ epoch: 1, partition: 0, records: piece, from, to: from + piece.length }]);
  }
  return [builder.seal()];
}

async function insertCosts(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
  batches: readonly Batch[],
  per: (seconds: number) => number,
): Promise<PartCost[]> {
  const clickhouse = createClickHouse({
    url: env['CLICKHOUSE_URL'] ?? '',
    user: 'kaquan',
    password: 'kaquan',
    clientName: 'kaquan-bench',
  });
  const cost = async (part: string, work: (batch: Batch) => Promise<void>): Promise<PartCost> => {
    const before = cpuSeconds(pid);
    for (const batch of batches) await work(batch);
    return { part, cpu: per(cpuSeconds(pid) - before) };
  };
  const options = { timeoutMs: 60_000 };
  try {
    return [
      await cost('ClickHouse: insert of the events', async ({ events }) => {
        for (const block of events) await clickhouse.insert(block.insert.sql, block.container(), options);
      }),
      await cost('ClickHouse: insert of the milestones', async ({ milestones }) => {
        for (const rows of milestones) await clickhouse.insert(milestonesInsert(), [rows], options);
      }),
      await cost('ClickHouse: insert of the states', async ({ states }) => {
        for (const rows of states) await clickhouse.insert(statesInsert(), [rows], options);
      }),
    ];
  } finally {
    await clickhouse.close();
  }
}

async function fetchAll(env: Readonly<Record<string, string | undefined>>, published: number): Promise<void> {
  const kafka = createKafka({
    brokers: [env['KAFKA_BROKERS'] ?? ''],
    clientId: 'bench',
    logger: pino({ level: 'silent' }),
  });
  const consumer = kafka.consumer({
    groupId: 'bench-fetch',
    maxBytesPerPartition: 1_048_576,
    maxWaitTimeInMs: 100,
  });
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  let seen = 0;
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        eachBatch: ({ batch }) => {
          seen += batch.messages.length;
          if (seen >= published) resolve();
          return Promise.resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
}
