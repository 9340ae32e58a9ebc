import { BatchBuilder, type Workshop } from '../../consumers/orders/batch-builder.ts';
import type { Batch } from '../../consumers/orders/batch.ts';
import { type Origin, publishDeadLetters } from '../../consumers/orders/dead-letters.ts';
import { eventsInsert, type EventsInsert } from '../../consumers/orders/events-insert.ts';
import type { Plausible } from '../../consumers/orders/judge.ts';
import { KnownOrders } from '../../consumers/orders/known-orders.ts';
import { createLanes, type Lane } from '../../consumers/orders/lane.ts';
import { BufferPool } from '../../runtime/bytes/growable.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { FetchedRecord } from '../../runtime/kafka/group.ts';
import type { RecordProducer } from '../../runtime/kafka/producer.ts';
import type { Schemas, WriterSchema } from '../../schemas/index.ts';
import { deadLetterRows, skipRows, type LedgerRows } from '../../sql/ledgers.ts';
import type { OffsetRange } from '../audit/ranges.ts';
import { without } from '../audit/ranges.ts';
import { UNHURRIED } from '../audit/query.ts';
import { shadowOf } from './shadows.ts';

/** A part of the log, by partition: from its first offset to before its last. */
export type LogPart = ReadonlyMap<number, { readonly from: number; readonly to: number }>;

export interface ReplayParts {
  readonly clickhouse: ClickHouse;
  /** The records of a part of a partition, ascending. */
  readonly read: (partition: number, from: number, to: number) => AsyncIterable<readonly FetchedRecord[]>;
  readonly deadLetters: RecordProducer;
  readonly schemas: Schemas;
  readonly origin: Origin;
  /** The recorded partition count. */
  readonly partitions: number;
  readonly plausible: Plausible;
  /** ms since 1970 */
  readonly now: () => number;
  /** Whether what is no event may be accounted for: in the ledgers, and on the topic of dead letters. */
  readonly mayAccount: boolean;
}

const FLUSH_BYTES = 16_777_216;
const FLUSH_RECORDS = 100_000;

/** Judges records once more as the group did, and stores their events into the shadow of events. @returns how many records */
export async function replay(parts: ReplayParts, part: LogPart): Promise<number> {
  const { clickhouse, origin } = parts;
  const ledger = await ledgerOf(clickhouse, origin);
  const workshop = workshopOf(parts, ledger);
  let records = 0;
  for (const [partition, { from, to }] of part) {
    // Nothing is folded here that anybody uses, and the brake stops nobody: its window can't be full of so many.
    const lanes = createLanes([partition], { cachedStates: 0, brakeWindow: 1, brakeShare: 2 });
    let builder = new BatchBuilder(0, lanes, workshop);
    let position = from;
    const add = async (read: readonly FetchedRecord[], next: number): Promise<void> => {
      await builder.add([{ epoch: 0, partition, records: read, from: position, to: next }]);
      position = next;
    };
    const flush = async (): Promise<void> => {
      records += builder.records;
      await store(parts, builder.seal(), ledger);
      builder = new BatchBuilder(0, freshLanes(lanes), workshop);
    };
    for await (const read of parts.read(partition, from, to)) {
      await add(read, (read.at(-1)?.offset ?? position - 1) + 1);
      if (builder.bytes >= FLUSH_BYTES || builder.records >= FLUSH_RECORDS) await flush();
    }
    if (position < to) await add([], to);
    await flush();
  }
  return records;
}

// What a batch pins is never stored: the next one begins without it.
const freshLanes = (lanes: ReadonlyMap<number, Lane>): ReadonlyMap<number, Lane> =>
  createLanes([...lanes.keys()], { cachedStates: 0, brakeWindow: 1, brakeShare: 2 });

/** What is known of the offsets that are no stored record. */
interface Ledger {
  /** `partition:offset` → why */
  readonly deadLetters: ReadonlyMap<string, string>;
  readonly skips: readonly (OffsetRange & { readonly partition: number })[];
}

const placeOf = (partition: number, offset: number): string => `${partition}:${offset}`;

async function ledgerOf(clickhouse: ClickHouse, { group, generation }: Origin): Promise<Ledger> {
  const options = { ...UNHURRIED, params: { group, generation } };
  const own = 'consumer_group = {group:String} AND generation = {generation:UInt32}';
  const dead = await clickhouse.query<{ partition: number; place: number; reason: string }>(
    `SELECT partition, toFloat64(offset) AS place, reason FROM kaquan_store.dead_letters WHERE ${own}`,
    options,
  );
  const skips = await clickhouse.query<OffsetRange & { partition: number }>(
    `SELECT partition, toFloat64(first_offset) AS first, toFloat64(last_offset) AS last FROM kaquan_store.skips FINAL WHERE ${own}`,
    options,
  );
  return {
    deadLetters: new Map(dead.map(({ partition, place, reason }) => [placeOf(partition, place), reason])),
    skips,
  };
}

function workshopOf({ schemas, origin, partitions, plausible }: ReplayParts, ledger: Ledger): Workshop {
  const inserts = new Map<number, EventsInsert>();
  const insertOf = (writer: WriterSchema): EventsInsert => {
    const known = inserts.get(writer.id) ?? eventsInsert(writer.text, shadowOf('events'));
    inserts.set(writer.id, known);
    return known;
  };
  return {
    schemas,
    insertOf,
    group: origin.group,
    plausible,
    partitions,
    generation: origin.generation,
    pool: new BufferPool(4),
    known: new KnownOrders(0, 10),
    lookUp: () => Promise.resolve(new Map()),
    isRefused: (partition, offset) =>
      ledger.deadLetters.get(placeOf(partition, offset)) === 'refused_by_store',
  };
}

async function store(parts: ReplayParts, batch: Batch, ledger: Ledger): Promise<void> {
  const { clickhouse, mayAccount } = parts;
  for (const block of batch.events)
    await clickhouse.insert(block.insert.sql, block.container(), { timeoutMs: UNHURRIED.timeoutMs });
  if (mayAccount) await account(parts, batch, ledger);
  batch.release();
}

/** What the ledgers lack of it: they may have been lost with the tables. */
async function account(
  { clickhouse, deadLetters: producer, origin, now }: ReplayParts,
  batch: Batch,
  ledger: Ledger,
): Promise<void> {
  const letters = batch.deadLetters.filter(
    ({ place: { partition, offset } }) => !ledger.deadLetters.has(placeOf(partition, offset)),
  );
  if (letters.length > 0) {
    await publishDeadLetters(producer, letters, origin, now());
    await insert(clickhouse, deadLetterRows(letters, origin));
  }
  const skips = batch.skips.flatMap((skip) =>
    without(
      [skip],
      ledger.skips.filter(({ partition }) => partition === skip.partition),
    ).map((range) => ({ ...skip, ...range })),
  );
  if (skips.length > 0) await insert(clickhouse, skipRows(skips, origin));
}

const insert = (clickhouse: ClickHouse, { sql, rows }: LedgerRows): Promise<void> =>
  clickhouse.insert(sql, [rows], { timeoutMs: UNHURRIED.timeoutMs });
