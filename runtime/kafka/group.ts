import { setTimeout as pause } from 'node:timers/promises';

import kafkajs, { type Consumer, type EachBatchPayload, type Kafka, type KafkaMessage } from 'kafkajs';
import type { Logger } from 'pino';

import type { KafkaAdmin } from './admin.ts';
import { writeCommitNote } from './commit-note.ts';
import { Beats, JoinAgainError } from './join-again.ts';
import { announcing, type MemberAddress } from './member-address.ts';
import type { MemberWatch } from './member-watch.ts';
import { OperatorError } from '../process/operator-error.ts';

/** A record as Kafka gave it, with its place. */
export interface FetchedRecord {
  readonly partition: number;
  readonly offset: number;
  /** The record's timestamp, ms. */
  readonly time: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
}

/** Records of one partition, in log order, that continue exactly where the last ones ended. */
export interface Fetched {
  /** Which assignment they belong to; grows with every rebalance. */
  readonly epoch: number;
  readonly partition: number;
  readonly records: readonly FetchedRecord[];
  /** The first offset that this accounts for. */
  readonly from: number;
  /** The offset after the last that this accounts for: gaps inside (control records, aborted ones) are included. */
  readonly to: number;
}

export interface GroupOptions {
  readonly groupId: string;
  readonly topic: string;
  /** ms */
  readonly sessionTimeoutMs: number;
  /** Bytes of one fetch of one partition. */
  readonly partitionBytes: number;
  /** Bytes of one fetch of all partitions; unless told, what all that are handled side by side may have. */
  readonly fetchBytes?: number;
  /** How many partitions are handled side by side. */
  readonly concurrency: number;
  /** ms that the broker holds an empty fetch. */
  readonly maxWaitMs: number;
  /** What the member tells about itself. */
  readonly address: MemberAddress;
}

export interface GroupHandlers {
  /**
   * The group was given `partitions`; what belonged to earlier epochs is no longer ours. Nothing is fetched until this
   * resolves with the offset to start each partition at. A rejection ends the group.
   */
  onAssigned(epoch: number, partitions: readonly number[]): Promise<ReadonlyMap<number, number>>;
  /** Takes the records over at once (synchronously): when it returns, the group fetches on behind them. */
  onFetched(fetched: Fetched): void;
  /** Resolves when there is room for more records. Heartbeats go on meanwhile. */
  room(): Promise<void>;
  /** The group can't go on; the message says why and names the way out. */
  onFatal(error: Error): void;
}

/** A member of a consumer group that fetches ahead of its commits. */
export interface Group {
  start(): Promise<void>;
  /**
   * Commits, unless `epoch` is over. @returns whether it was committed
   * @param notes by partition, a text of at most 4,000 bytes that is kept with the commit
   */
  commit(
    epoch: number,
    offsets: ReadonlyMap<number, number>,
    notes?: ReadonlyMap<number, string>,
  ): Promise<boolean>;
  /** Fetches no more of one partition; the others go on. Nothing happens if `epoch` is over. */
  hold(epoch: number, partition: number): void;
  /** Fetches a partition again that was held. */
  release(epoch: number, partition: number): void;
  /** Fetches the partitions of the current epoch again from the commit, as after a rebalance. */
  restart(): Promise<void>;
  /** Fetches no more; what was handed over may still be committed. */
  pause(): void;
  /** Leaves the group. */
  stop(): Promise<void>;
}

export class LogTruncatedError extends OperatorError {
  override readonly name = 'LogTruncatedError';
}

class NotCommittedError extends kafkajs.KafkaJSError {
  override readonly name = 'NotCommittedError';

  constructor() {
    super('the group was left before the commit could be made');
  }
}

export function createGroup(
  kafka: Kafka,
  admin: KafkaAdmin,
  options: GroupOptions,
  handlers: GroupHandlers,
  logger: Logger,
  watch: MemberWatch,
): Group {
  return new RunAheadGroup(kafka, admin, options, handlers, logger, watch);
}

const RESTART_MS = 200;

/** Whether the broker that was asked for the coordinator failed, as one does that is about to stop: kafkajs takes that for a verdict. */
function isWithoutCoordinator(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'KafkaJSGroupCoordinatorNotFound' || isWithoutCoordinator(error.cause);
}

class RunAheadGroup implements Group {
  readonly #consumer: Consumer;
  readonly #admin: KafkaAdmin;
  readonly #options: GroupOptions;
  readonly #handlers: GroupHandlers;
  readonly #logger: Logger;
  readonly #watch: MemberWatch;
  readonly #beats: Beats;
  #epoch = 0;
  #assigned: readonly number[] = [];
  #paused = false;
  #stopped = false;
  /** kafkajs leaves the group and begins anew when its tries are used up; in between it refuses to be told anything. */
  #isMember = false;
  #commits = 0;
  /** The next offset to hand over, of each partition that is checked and ours. */
  #positions = new Map<number, number>();

  constructor(
    kafka: Kafka,
    admin: KafkaAdmin,
    options: GroupOptions,
    handlers: GroupHandlers,
    logger: Logger,
    watch: MemberWatch,
  ) {
    this.#admin = admin;
    this.#options = options;
    this.#handlers = handlers;
    this.#logger = logger;
    this.#watch = watch;
    const heartbeatInterval = heartbeatMs(options.sessionTimeoutMs);
    this.#beats = new Beats(heartbeatInterval);
    this.#consumer = kafka.consumer({
      groupId: options.groupId,
      partitionAssigners: [announcing(options.address)],
      sessionTimeout: options.sessionTimeoutMs,
      rebalanceTimeout: Math.max(options.sessionTimeoutMs, 10_000),
      heartbeatInterval,
      maxBytesPerPartition: options.partitionBytes,
      maxBytes: options.fetchBytes ?? options.partitionBytes * Math.max(4, options.concurrency),
      maxWaitTimeInMs: options.maxWaitMs,
      minBytes: 1,
      metadataMaxAge: 60_000,
      allowAutoTopicCreation: false,
      retry: {
        initialRetryTime: RESTART_MS,
        maxRetryTime: 5000,
        retries: 10,
        restartOnFailure: () => Promise.resolve(true),
      },
    });
  }

  async start(): Promise<void> {
    const { GROUP_JOIN, HEARTBEAT, FETCH_START, END_BATCH_PROCESS, COMMIT_OFFSETS, STOP, CRASH, REQUEST } =
      this.#consumer.events;
    this.#watch.starts();
    this.#consumer.on(REQUEST, () => this.#watch.answered());
    this.#consumer.on(GROUP_JOIN, ({ payload }) => {
      this.#isMember = !this.#stopped;
      this.#beats.heard();
      this.#watch.joined(payload.memberAssignment[this.#options.topic] ?? []);
      this.#joined(payload.memberAssignment[this.#options.topic] ?? []);
    });
    this.#consumer.on(HEARTBEAT, () => this.#beats.heard());
    this.#consumer.on(FETCH_START, () => {
      if (this.#watch.isJoining || this.#beats.areMissing(performance.now())) throw new JoinAgainError();
    });
    this.#consumer.on(END_BATCH_PROCESS, ({ payload }) => {
      if (payload.batchSize === 0)
        this.#passControlRecords(payload.partition, payload.firstOffset, payload.lastOffset);
    });
    this.#consumer.on(COMMIT_OFFSETS, () => void (this.#commits += 1));
    this.#consumer.on(STOP, () => void (this.#isMember = false));
    this.#consumer.on(CRASH, ({ payload: { error, restart } }) => {
      if (!restart && !isWithoutCoordinator(error)) {
        this.#failed(error);
        return;
      }
      this.#logger.debug({ error: error.message }, 'left the group, to begin anew');
      this.#watch.rejoining();
      if (!restart) this.#runAgain().catch((cause: unknown) => this.#failed(cause));
    });
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topic: this.#options.topic, fromBeginning: true });
    await this.#run();
  }

  #run(): Promise<void> {
    return this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: this.#options.concurrency,
      eachBatch: (payload) => this.#take(payload),
    });
  }

  async #runAgain(): Promise<void> {
    await pause(RESTART_MS);
    if (!this.#stopped) await this.#run();
  }

  async commit(
    epoch: number,
    offsets: ReadonlyMap<number, number>,
    notes?: ReadonlyMap<number, string>,
  ): Promise<boolean> {
    const { topic } = this.#options;
    if (epoch !== this.#epoch || this.#stopped) return false;
    if (offsets.size === 0) return true;
    const before = this.#commits;
    await this.#consumer.commitOffsets(
      [...offsets].map(([partition, offset]) => ({
        topic,
        partition,
        offset: String(offset),
        metadata: writeCommitNote(this.#watch.now(), notes?.get(partition)),
      })),
    );
    // Of one that begins anew kafkajs says that it was made.
    if (this.#commits === before) throw new NotCommittedError();
    this.#watch.committed(offsets);
    return epoch === this.#epoch;
  }

  hold(epoch: number, partition: number): void {
    if (epoch === this.#epoch) this.#hold([partition]);
  }

  release(epoch: number, partition: number): void {
    if (epoch !== this.#epoch || this.#paused || !this.#isMember) return;
    this.#consumer.resume([{ topic: this.#options.topic, partitions: [partition] }]);
  }

  async restart(): Promise<void> {
    await this.#assign(this.#assigned);
  }

  pause(): void {
    this.#paused = true;
    this.#hold(this.#assigned);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#isMember = false;
    this.#positions.clear();
    this.#watch.stops();
    await this.#consumer.disconnect();
  }

  #joined(partitions: readonly number[]): void {
    this.#assign(partitions).catch((error: unknown) => this.#failed(error));
  }

  #failed(error: unknown): void {
    if (!this.#stopped) this.#handlers.onFatal(error instanceof Error ? error : new Error(String(error)));
  }

  async #assign(partitions: readonly number[]): Promise<void> {
    const epoch = ++this.#epoch;
    this.#assigned = partitions;
    this.#positions = new Map();
    // Synchronously after the join, before kafkajs fetches: on an offset that the log lost it would commit the log's start by itself.
    this.#hold(partitions);
    const starts = await this.#handlers.onAssigned(epoch, partitions);
    if (epoch !== this.#epoch || !this.#isMember) return;
    const { topic } = this.#options;
    for (const [partition, offset] of starts)
      this.#consumer.seek({ topic, partition, offset: String(offset) });
    this.#positions = new Map(starts);
    this.#watch.positioned(starts);
    if (!this.#paused && partitions.length > 0)
      this.#consumer.resume([{ topic, partitions: [...partitions] }]);
  }

  #hold(partitions: readonly number[]): void {
    if (partitions.length > 0 && this.#isMember)
      this.#consumer.pause([{ topic: this.#options.topic, partitions: [...partitions] }]);
  }

  async #take(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const { partition, messages } = batch;
    const position = this.#positions.get(partition);
    const last = messages.at(-1);
    if (position === undefined || last === undefined || this.#paused) return;
    if (fetchedOffset(batch) !== position) {
      await this.#resync(partition, position);
      return;
    }
    const to = Number(batch.lastOffset()) + 1;
    this.#watch.fetched(partition, Number(batch.highWatermark));
    const records = messages.map((message) => recordOf(partition, message));
    this.#handlers.onFetched({ epoch: this.#epoch, partition, records, from: position, to });
    this.#positions.set(partition, to);
    payload.resolveOffset(last.offset);
    await this.#beatUntil(this.#handlers.room(), () => payload.heartbeat());
  }

  /** kafkajs hands over records from before a rebalance, and jumps to the log's start when it fell off: neither may pass. */
  async #resync(partition: number, position: number): Promise<void> {
    const { topic } = this.#options;
    const log = (await this.#admin.offsets(topic)).get(partition);
    if (this.#positions.get(partition) !== position || !this.#isMember) return;
    if (log !== undefined && log.start > position) {
      this.#handlers.onFatal(
        new LogTruncatedError(
          `partition ${partition} of ${topic}: the log starts at ${log.start}, but the next offset to read is ${position}; ` +
            `retention removed what lies between. Start with --accept-gap to go on without it.`,
        ),
      );
      return;
    }
    this.#logger.info(
      { topic, partition, offset: position },
      'fetched elsewhere than expected; fetching again',
    );
    this.#consumer.seek({ topic, partition, offset: String(position) });
  }

  #passControlRecords(partition: number, first: string | null, last: string): void {
    const position = this.#positions.get(partition);
    if (position === undefined || first === null || Number(first) !== position) return;
    const to = Number(last) + 1;
    this.#handlers.onFetched({ epoch: this.#epoch, partition, records: [], from: position, to });
    this.#positions.set(partition, to);
  }

  async #beatUntil(done: Promise<void>, heartbeat: () => Promise<void>): Promise<void> {
    const interval = heartbeatMs(this.#options.sessionTimeoutMs);
    const finished = done.then(() => true);
    while (!(await Promise.race([finished, delay(interval)]))) await heartbeat();
  }
}

const HEARTBEATS_PER_SESSION = 10;

/** How often a member tells that it lives, ms. */
export const heartbeatMs = (sessionTimeoutMs: number): number =>
  Math.floor(sessionTimeoutMs / HEARTBEATS_PER_SESSION);

const NO_HEADERS = {};

export function recordOf(
  partition: number,
  { offset, timestamp, key, value, headers }: KafkaMessage,
): FetchedRecord {
  return {
    partition,
    offset: Number(offset),
    time: Number(timestamp),
    key,
    value,
    headers: headers ?? NO_HEADERS,
  };
}

// kafkajs sets it on every batch, but leaves it out of its types.
function fetchedOffset(batch: object): number {
  return 'fetchedOffset' in batch ? Number(batch.fetchedOffset) : Number.NaN;
}

function delay(ms: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms, false as const).unref();
  });
}
