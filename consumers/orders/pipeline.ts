import type { Logger } from 'pino';

import type { OrderState } from '../../domain/order/state.ts';
import type { Fetched, Group, GroupHandlers } from '../../runtime/kafka/group.ts';
import type { LogChecks } from '../../runtime/kafka/log-checks.ts';
import type { Persist } from '../../runtime/process/persistence.ts';
import type { WriterSchema } from '../../schemas/index.ts';
import { BatchBuilder, type Workshop } from './batch-builder.ts';
import type { Batch } from './batch.ts';
import { passing } from './crash-points.ts';
import { type EventsInsert, eventsInsert } from './events-insert.ts';
import { Intake } from './intake.ts';
import type { OrderKey } from './judge.ts';
import type { KnownOrders } from './known-orders.ts';
import { createLanes, type Lane, type LaneOptions } from './lane.ts';
import { RefusedRecordsError, type Store } from './store.ts';

export interface FlushLimits {
  /** Events of one flush at the most, give or take a fetch. */
  readonly events: number;
  /** Bytes of one flush at the most, give or take a fetch. */
  readonly bytes: number;
  /** How long the first record waits for company, ms. */
  readonly waitMs: number;
}

export interface PipelineOptions {
  readonly limits: FlushLimits;
  readonly lanes: LaneOptions;
  readonly workshop: Pick<Workshop, 'schemas' | 'group' | 'plausible' | 'partitions' | 'generation' | 'pool'>;
  readonly knownOrders: (signal: AbortSignal) => Promise<KnownOrders>;
  readonly lookUp: (
    orders: readonly OrderKey[],
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, OrderState>>;
  readonly store: Store;
  readonly checks: LogChecks;
  readonly persist: Persist;
  readonly logger: Logger;
  /** Told of every stored batch, and how many states are in memory then. */
  readonly onStored: (batch: Batch, cachedStates: number) => void;
  /** Told of every stored and committed batch. */
  readonly onCommitted?: (batch: Batch) => void;
  readonly onFatal: (error: Error) => void;
}

/** One assignment of the group: its lanes, what was fetched for it, and the end of it. */
interface Assignment {
  readonly epoch: number;
  readonly lanes: ReadonlyMap<number, Lane>;
  readonly intake: Intake;
  readonly abort: AbortController;
  done: Promise<void>;
}

// What a call is made of, for whoever reads what this process waits for.
const EITHER = 'Kafka or ClickHouse';
const REGISTRY = 'the schema registry';

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/**
 * Records in, rows out: load the states of their orders → fold in log order → events, milestones, states → commit. One
 * batch is built while the one before it is stored; batches are stored strictly in sequence.
 */
export class OrdersPipeline implements GroupHandlers {
  readonly #options: PipelineOptions;
  readonly #inserts = new Map<number, EventsInsert>();
  /** Places that ClickHouse refused, each alone; judged dead when they are fetched again. */
  readonly #refused = new Set<string>();
  #group: Group | undefined;
  #current: Assignment | undefined;
  #batches = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /** The group that this pipeline handles; told once, before it starts. */
  attach(group: Group): void {
    this.#group = group;
  }

  async onAssigned(epoch: number, partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const { lanes, limits, logger } = this.#options;
    const before = this.#current;
    const assignment: Assignment = {
      epoch,
      lanes: createLanes(partitions, lanes),
      intake: new Intake(limits.bytes),
      abort: new AbortController(),
      done: Promise.resolve(),
    };
    this.#current = assignment;
    before?.abort.abort();
    before?.intake.close();
    await before?.done;
    logger.info({ epoch, partitions }, 'assigned');
    if (partitions.length === 0) return new Map();
    return this.#begin(assignment, partitions);
  }

  onFetched(fetched: Fetched): void {
    if (fetched.epoch !== this.#current?.epoch) return;
    passing('orders/fetched', fetched.records.length > 0);
    for (const piece of piecesOf(fetched, this.#options.limits.events)) this.#current.intake.put(piece);
  }

  async room(): Promise<void> {
    await this.#current?.intake.room();
  }

  onFatal(error: Error): void {
    this.abandon();
    this.#options.onFatal(error);
  }

  /** Stores and commits what was fetched; nothing more may be fetched. */
  async drain(): Promise<void> {
    this.#current?.intake.close();
    await this.#current?.done;
  }

  /** Gives everything up that is not stored; it will be fetched again. */
  abandon(): void {
    this.#current?.abort.abort();
    this.#current?.intake.close();
  }

  async #begin(assignment: Assignment, partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const { checks, knownOrders, persist } = this.#options;
    const { signal } = assignment.abort;
    try {
      const starts = await persist('the start', () => checks.starts(partitions, signal), signal, EITHER);
      // After the commits were read: what is stored later holds no event before them.
      const known = await persist('the known orders', () => knownOrders(signal), signal);
      passing('orders/assigned');
      assignment.done = this.#work(assignment, known);
      return starts;
    } catch (error) {
      if (signal.aborted) return new Map();
      throw error;
    }
  }

  async #work(assignment: Assignment, known: KnownOrders): Promise<void> {
    try {
      await this.#flushAll(assignment, known);
    } catch (error) {
      if (assignment.abort.signal.aborted) return;
      assignment.abort.abort();
      if (error instanceof RefusedRecordsError) this.#setAside(error);
      else this.#options.onFatal(asError(error));
    }
  }

  async #flushAll(assignment: Assignment, known: KnownOrders): Promise<void> {
    const { intake, lanes, abort } = assignment;
    const workshop = this.#workshop(known, abort.signal);
    let storing: Promise<void> = Promise.resolve();
    let isStoring = false;
    for (;;) {
      const builder = new BatchBuilder(++this.#batches, lanes, workshop);
      await this.#fill(builder, intake, () => isStoring);
      if (abort.signal.aborted || builder.isEmpty) break;
      passing('orders/sealed');
      await storing;
      isStoring = true;
      storing = this.#store(assignment, builder.seal()).finally(() => {
        isStoring = false;
        intake.wake();
      });
      // It is rethrown where it is awaited, and that may not wait for more events: perhaps there are none for hours.
      storing.catch(() => intake.close());
    }
    await storing;
  }

  /** Adds what is fetched until the batch is full, or due and nothing is being stored. */
  async #fill(builder: BatchBuilder, intake: Intake, isStoring: () => boolean): Promise<void> {
    const { events, bytes, waitMs } = this.#options.limits;
    let due: number | undefined;
    while (builder.records < events && builder.bytes < bytes) {
      const fetched = intake.take({
        records: Math.min(events - builder.records, RECORDS_PER_LOOK_UP),
        bytes: bytes - builder.bytes,
      });
      if (fetched.length > 0) {
        due ??= performance.now() + waitMs;
        await builder.add(fetched);
        continue;
      }
      if (intake.isClosed) return;
      const rest = due === undefined ? undefined : due - performance.now();
      if (rest !== undefined && rest <= 0 && !isStoring()) return;
      await intake.change(rest === undefined || rest <= 0 ? undefined : rest);
    }
  }

  #workshop(known: KnownOrders, signal: AbortSignal): Workshop {
    const { workshop, lookUp, persist } = this.#options;
    return {
      ...workshop,
      known,
      schemas: {
        ...workshop.schemas,
        writer: (id) => persist('a schema', () => workshop.schemas.writer(id), signal, REGISTRY),
      },
      insertOf: (writer) => this.#insertOf(writer),
      lookUp: (orders) => persist('look-ups', () => lookUp(orders, signal), signal),
      isRefused: (partition, offset) => this.#refused.has(placeOf(partition, offset)),
    };
  }

  #insertOf(writer: WriterSchema): EventsInsert {
    let insert = this.#inserts.get(writer.id);
    if (insert === undefined) this.#inserts.set(writer.id, (insert = eventsInsert(writer.text)));
    return insert;
  }

  async #store({ abort, epoch, lanes: all }: Assignment, batch: Batch): Promise<void> {
    const { store, onStored, onCommitted } = this.#options;
    await store.store(batch, abort.signal);
    for (const [lane, orders] of batch.touched) {
      for (const [id, touched] of orders) lane.states.stored(id, touched);
    }
    onStored(
      batch,
      [...all.values()].reduce((sum, { states }) => sum + states.size, 0),
    );
    batch.release();
    const isCommitted = await this.#commit(epoch, batch, abort.signal);
    passing('orders/committed', isCommitted && batch.states.length > 0);
    if (isCommitted) onCommitted?.(batch);
  }

  /** Before the next batch is stored, so that a commit that is made again never goes back behind a later one. */
  async #commit(epoch: number, { offsets }: Batch, signal: AbortSignal): Promise<boolean> {
    const commit = async (): Promise<boolean> => (await this.#group?.commit(epoch, offsets)) ?? false;
    try {
      return await this.#options.persist('the commit', commit, signal, 'Kafka');
    } catch (error) {
      // All of it is stored; after a rebalance it is fetched again.
      if (signal.aborted) return false;
      throw error;
    }
  }

  /** What was folded behind the refused records must not stand: the assignment begins again, without them. */
  #setAside({ places }: RefusedRecordsError): void {
    for (const { partition, offset } of places) this.#refused.add(placeOf(partition, offset));
    this.#group?.restart().catch((error: unknown) => this.#options.onFatal(asError(error)));
  }
}

// A look-up costs the same for one order and for a hundred; what is judged meanwhile is garbage that lives longer.
const RECORDS_PER_LOOK_UP = 8000;
const PIECE_RECORDS = 2000;

function piecesOf(fetched: Fetched, most: number): Fetched[] {
  const { records } = fetched;
  const size = Math.min(most, PIECE_RECORDS);
  const pieces: Fetched[] = [];
  let { from } = fetched;
  for (let start = 0; start + size < records.length; start += size) {
    const to = records[start + size]?.offset ?? fetched.to;
    pieces.push({ ...fetched, records: records.slice(start, start + size), from, to });
    from = to;
  }
  return [...pieces, { ...fetched, records: records.slice(pieces.length * size), from }];
}

const placeOf = (partition: number, offset: number): string => `${partition}:${offset}`;
