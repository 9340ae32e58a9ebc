import type { Logger } from 'pino';

import type { OrderState } from '../../domain/order/state.ts';
import type { Fetched, Group, GroupHandlers } from '../../runtime/kafka/group.ts';
import type { Batch } from './batch.ts';
import { Intake, type IntakeLimits } from './intake.ts';
import type { OrderKey } from './judge.ts';
import { createLanes, type Lane, type LaneOptions } from './lane.ts';
import { prepareBatch, type Preparation } from './prepare.ts';
import { RefusedRecordsError, type Persist, type Store } from './store.ts';
import type { LogChecks } from './log-checks.ts';

export interface PipelineOptions {
  readonly limits: IntakeLimits;
  readonly lanes: LaneOptions;
  readonly preparation: Omit<Preparation, 'lookUp' | 'isRefused'>;
  readonly lookUp: (
    orders: readonly OrderKey[],
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, OrderState>>;
  readonly store: Store;
  readonly checks: LogChecks;
  readonly persist: Persist;
  readonly logger: Logger;
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

/**
 * Records in, rows out: take a flush → load the states of its orders → fold in log order → events, milestones, states →
 * commit. One batch is prepared while the one before it is stored; batches are stored strictly in sequence.
 */
export class OrdersPipeline implements GroupHandlers {
  readonly #options: PipelineOptions;
  #group: Group | undefined;
  #current: Assignment | undefined;
  #batches = 0;
  /** Places that ClickHouse refused, each alone; judged dead when they are fetched again. */
  readonly #refused = new Set<string>();

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /** The group that this pipeline handles; told once, before it starts. */
  attach(group: Group): void {
    this.#group = group;
  }

  async onAssigned(epoch: number, partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const before = this.#current;
    const abort = new AbortController();
    const { lanes, limits, checks, persist, logger } = this.#options;
    const assignment: Assignment = {
      epoch,
      lanes: createLanes(partitions, lanes),
      intake: new Intake(limits),
      abort,
      done: Promise.resolve(),
    };
    this.#current = assignment;
    before?.abort.abort();
    before?.intake.close();
    await before?.done;
    if (partitions.length === 0) return new Map();
    logger.info({ epoch, partitions }, 'assigned');
    const starts = await persist(
      'the start',
      () => checks.starts(partitions, abort.signal),
      abort.signal,
    ).catch((error: unknown) => {
      if (abort.signal.aborted) return new Map<number, number>();
      throw error;
    });
    if (!abort.signal.aborted) assignment.done = this.#work(assignment);
    return starts;
  }

  onFetched(fetched: Fetched): void {
    if (fetched.epoch === this.#current?.epoch) this.#current.intake.put(fetched);
  }

  async room(): Promise<void> {
    await this.#current?.intake.room();
  }

  onFatal(error: Error): void {
    this.#current?.abort.abort();
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

  async #work(assignment: Assignment): Promise<void> {
    const { signal } = assignment.abort;
    try {
      await this.#flushAll(assignment);
    } catch (error) {
      if (signal.aborted) return;
      assignment.abort.abort();
      if (error instanceof RefusedRecordsError) this.#setAside(error);
      else this.#options.onFatal(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #flushAll(assignment: Assignment): Promise<void> {
    const { signal } = assignment.abort;
    let storing: Promise<void> = Promise.resolve();
    for (;;) {
      const fetched = await assignment.intake.take();
      if (fetched.length === 0 || signal.aborted) break;
      const batch = await this.#prepare(assignment, fetched);
      await storing;
      storing = this.#store(assignment, batch);
      // Awaited before the next batch is stored; until then a rejection must not count as unhandled.
      storing.catch(() => undefined);
    }
    await storing;
  }

  async #prepare({ lanes, abort }: Assignment, fetched: readonly Fetched[]): Promise<Batch> {
    const { preparation, lookUp, persist } = this.#options;
    return prepareBatch(++this.#batches, fetched, lanes, {
      ...preparation,
      schemas: {
        ...preparation.schemas,
        writer: (id) => persist('the schema registry', () => preparation.schemas.writer(id), abort.signal),
      },
      lookUp: (orders) => persist('look-ups', () => lookUp(orders, abort.signal), abort.signal),
      isRefused: (partition, offset) => this.#refused.has(placeOf(partition, offset)),
    });
  }

  async #store({ abort, epoch }: Assignment, batch: Batch): Promise<void> {
    const { store, onCommitted } = this.#options;
    await store.store(batch, abort.signal);
    for (const [lane, orders] of batch.changed) lane.states.stored(batch.number, orders);
    if (await this.#commit(epoch, batch, abort.signal)) onCommitted?.(batch);
  }

  async #commit(epoch: number, batch: Batch, signal: AbortSignal): Promise<boolean> {
    try {
      return (await this.#group?.commit(epoch, batch.offsets)) ?? false;
    } catch (error) {
      // All of it is stored: the next commit includes this one, and after a rebalance it is fetched again.
      if (!signal.aborted) {
        this.#options.logger.warn(
          { error: error instanceof Error ? error.message : String(error) },
          'commit failed',
        );
      }
      return false;
    }
  }

  /** What was folded behind the refused records must not stand: the assignment begins again, without them. */
  #setAside({ records }: RefusedRecordsError): void {
    for (const { place } of records) this.#refused.add(placeOf(place.partition, place.offset));
    this.#group?.restart().catch((error: unknown) => {
      this.#options.onFatal(error instanceof Error ? error : new Error(String(error)));
    });
  }
}

const placeOf = (partition: number, offset: number): string => `${partition}:${offset}`;
