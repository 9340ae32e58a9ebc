import { setMaxListeners } from 'node:events';
import { setImmediate, setTimeout as pause } from 'node:timers/promises';

import type { Fetched, FetchedRecord, Group } from '../../runtime/kafka/group.ts';
import type { Persist } from '../../runtime/process/persistence.ts';
import { framedId, type Schemas } from '../../schemas/index.ts';
import { Book, type BookOptions } from './book.ts';
import { Commits } from './commits.ts';
import { Courier, type CourierOptions, type DeadRecord } from './courier.ts';
import type { IdFilter } from './id-filter.ts';
import type { Outgoing } from './judge.ts';
import { Lane, type LaneOptions } from './lane.ts';
import type { Known } from './ledger.ts';
import type { Note } from './note.ts';
import type { Pace } from './pace.ts';

export interface AssignmentOptions {
  readonly epoch: number;
  readonly group: Pick<Group, 'commit' | 'hold' | 'release'>;
  readonly schemas: Schemas;
  readonly lane: Pick<LaneOptions, 'brakeWindow' | 'brakeShare' | 'judge'>;
  readonly courier: Pick<CourierOptions, 'deliveries' | 'limits' | 'generation' | 'now' | 'logger'>;
  readonly book: Omit<BookOptions, 'onStored' | 'signal'>;
  readonly lookUp: (events: readonly Outgoing[], signal: AbortSignal) => Promise<ReadonlyMap<string, Known>>;
  readonly publish: (records: readonly DeadRecord[]) => Promise<void>;
  readonly persist: Persist;
  /** A lane can't go on. */
  readonly onFailed: (error: Error) => void;
}

/** What an assignment begins with, once it is known that it may. */
export interface Beginning {
  /** By partition. */
  readonly notes: ReadonlyMap<number, Note>;
  readonly ids: IdFilter;
  readonly pace: Pace;
}

/** The partitions that the group gave us, until it takes them away. */
export class Assignment {
  readonly epoch: number;
  readonly #options: AssignmentOptions;
  /** No more is sent; what is on its way is waited for. */
  readonly #closing = manyListeners(new AbortController());
  /** What is not stored is given up: it will be fetched again. */
  readonly #over = manyListeners(new AbortController());
  readonly #lanes = new Map<number, Lane>();
  readonly #held = new Set<Lane>();
  #writeDown: () => Promise<void> = () => Promise.resolve();
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: AssignmentOptions) {
    this.epoch = options.epoch;
    this.#options = options;
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** @param starts by partition, the first offset that will be fetched */
  begin(starts: ReadonlyMap<number, number>, { notes, ids, pace }: Beginning): void {
    const { group, epoch, persist, lane: laneOptions, book: bookOptions } = this.#options;
    const commits = new Commits({ group, epoch, persist, signal: this.#over.signal });
    const book = new Book({
      ...bookOptions,
      signal: this.#over.signal,
      onStored: (lanes) => {
        // The next commit includes this one; after a rebalance what is stored is found.
        commits.put(lanes).catch(() => undefined);
      },
    });
    this.#writeDown = async () => {
      await book.flush();
      await commits.put(this.#lanes.values());
    };
    const courierOptions = this.#courierOptions({ commits, book, ids, pace });
    const couriers = [...starts].map(([partition, start]) => {
      const note = notes.get(partition) ?? { apps: new Map() };
      const lane = new Lane({ ...laneOptions, partition, start, note });
      this.#lanes.set(partition, lane);
      return this.#run(lane, new Courier(lane, courierOptions));
    });
    this.#work = Promise.all(couriers);
  }

  put(fetched: Fetched): void {
    const lane = this.#lanes.get(fetched.partition);
    if (lane === undefined || this.closing.aborted) return;
    lane.put(fetched);
    if (!lane.isFull || this.#held.has(lane)) return;
    this.#held.add(lane);
    this.#options.group.hold(this.epoch, lane.partition);
  }

  /** Sends no more, and writes down what was sent. Gives the rest up after `graceMs`. */
  async end(graceMs: number): Promise<void> {
    this.#close();
    const done = new AbortController();
    const deadline = pause(graceMs, undefined, { signal: done.signal }).then(
      () => this.#over.abort(),
      () => undefined,
    );
    await this.#work;
    await this.#writeDown().catch(() => undefined);
    done.abort();
    await deadline;
    this.#over.abort();
  }

  #close(): void {
    this.#closing.abort();
    for (const lane of this.#lanes.values()) lane.wake();
  }

  #courierOptions(shared: Pick<CourierOptions, 'commits' | 'book' | 'ids' | 'pace'>): CourierOptions {
    const { courier, lookUp, publish, persist } = this.#options;
    const signal = this.closing;
    return {
      ...courier,
      ...shared,
      signal,
      lookUp: (events) => persist('look-ups', () => lookUp(events, signal), signal),
      publish: (records) => persist('dead letters', () => publish(records), this.#over.signal, 'Kafka'),
      loadSchemas: (records) => this.#loadSchemas(records),
    };
  }

  async #loadSchemas(records: Iterable<FetchedRecord>): Promise<void> {
    const { schemas, persist } = this.#options;
    const missing = new Set<number>();
    for (const { value } of records) {
      const id = value === null ? undefined : framedId(value);
      if (id !== undefined && schemas.loaded(id) === undefined) missing.add(id);
    }
    for (const id of missing)
      await persist('a schema', () => schemas.writer(id), this.closing, 'the schema registry');
  }

  async #run(lane: Lane, courier: Courier): Promise<void> {
    try {
      await this.#sendAll(lane, courier);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.closing.aborted) return;
    this.#close();
    this.#options.onFailed(error instanceof Error ? error : new Error(String(error)));
  }

  async #sendAll(lane: Lane, courier: Courier): Promise<void> {
    let upcoming = courier.prepare();
    while (!this.closing.aborted) {
      const prepared = (await upcoming) ?? (await courier.prepare());
      this.#release(lane);
      if (prepared === undefined) {
        await lane.arrival();
        upcoming = courier.prepare();
        continue;
      }
      const delivered = courier.deliver(prepared);
      upcoming = onItsWay().then(() => courier.prepare());
      // The API may keep this one waiting for hours.
      upcoming.catch((error: unknown) => this.#fail(error));
      await delivered;
    }
  }

  #release(lane: Lane): void {
    if (lane.isHalfEmpty && this.#held.delete(lane)) this.#options.group.release(this.epoch, lane.partition);
  }
}

/** What is made meanwhile must not delay a request; it is written one turn of the event loop after it is made. */
async function onItsWay(): Promise<void> {
  await setImmediate();
  await setImmediate();
}

/** Every partition waits on it, several times over. */
function manyListeners(controller: AbortController): AbortController {
  setMaxListeners(0, controller.signal);
  return controller;
}
