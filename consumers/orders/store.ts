import type { Logger } from 'pino';
import pRetry from 'p-retry';

import { type ClickHouse, isDataRefusal } from '../../runtime/clickhouse/client.ts';
import { OperatorError } from '../../runtime/process/operator-error.ts';
import type { RecordProducer } from '../../runtime/kafka/producer.ts';
import type { WriterSchema } from '../../schemas/index.ts';
import type { Batch, DeadLetter, EventRecord, Skip } from './batch.ts';
import { type Origin, publishDeadLetters } from './dead-letters.ts';
import { boundedParts, eventsContainer } from './events-block.ts';
import { type EventsInsert, eventsInsert } from './events-insert.ts';
import { MILESTONES_INSERT, STATES_INSERT } from './rows.ts';

export interface StoreOptions {
  readonly clickhouse: ClickHouse;
  readonly deadLetters: RecordProducer;
  readonly origin: Origin;
  /** Of each insert, ms; shorter than the session. */
  readonly timeoutMs: number;
  readonly now: () => number;
  readonly logger: Logger;
}

/** ClickHouse refused these records, each alone, while it takes others: they are to become dead letters. */
export class RefusedRecordsError extends Error {
  override readonly name = 'RefusedRecordsError';
  readonly records: readonly EventRecord[];

  constructor(records: readonly EventRecord[]) {
    super(`ClickHouse refused ${records.length} records, each alone`);
    this.records = records;
  }
}

// A refusal of rows is a verdict only on what came from outside: rows that we made ourselves wait for a mended store.
const EVENTS = 'events';

/** Makes a call again until it succeeds. `what` names it in the log. */
export type Persist = <T>(what: string, call: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** Waits with full jitter, for ever: an answer that does not come is no verdict on the rows. */
export function persistence(logger: Logger): Persist {
  return (what, call, signal) =>
    pRetry(call, {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 200,
      maxTimeout: 10_000,
      randomize: true,
      signal,
      shouldRetry: ({ error }) =>
        !(error instanceof OperatorError) && !(isDataRefusal(error) && what === EVENTS),
      onFailedAttempt: ({ error, attemptNumber }) => {
        const alarm = attemptNumber >= 5;
        logger[alarm ? 'error' : 'warn'](
          { what, attempt: attemptNumber, alarm, error: error.message },
          'not stored yet; trying again',
        );
      },
    });
}

/** Stores frozen batches; see the design for why the order of the steps matters. */
export class Store {
  readonly #options: StoreOptions;
  readonly #persist: Persist;
  readonly #inserts = new Map<number, EventsInsert>();

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#persist = persistence(options.logger);
  }

  /**
   * Resolves when everything of `batch` is stored or acknowledged.
   * @throws {RefusedRecordsError} before anything but events was stored
   */
  async store(batch: Batch, signal: AbortSignal): Promise<void> {
    for (const [writer, records] of batch.events) {
      for (const part of boundedParts(records)) await this.#storeEvents(writer, part, signal);
    }
    for (const rows of batch.milestones) await this.#insert('milestones', MILESTONES_INSERT, [rows], signal);
    for (const rows of batch.states) await this.#insert('states', STATES_INSERT, [rows], signal);
    await this.#accountForOthers(batch, signal);
  }

  /** Records offsets that are no stored record. */
  async recordSkips(skips: readonly Skip[], signal: AbortSignal): Promise<void> {
    await this.#insertJson(
      'skips',
      skips.map((skip) => this.#skipRow(skip)),
      signal,
    );
  }

  async #accountForOthers({ deadLetters, skips }: Batch, signal: AbortSignal): Promise<void> {
    if (deadLetters.length > 0) {
      const { deadLetters: producer, origin, now } = this.#options;
      await this.#persist(
        'dead letters',
        () => publishDeadLetters(producer, deadLetters, origin, now()),
        signal,
      );
      await this.#insertJson(
        'dead_letters',
        deadLetters.map((letter) => this.#deadLetterRow(letter)),
        signal,
      );
    }
    await this.recordSkips(skips, signal);
  }

  async #storeEvents(
    writer: WriterSchema,
    records: readonly EventRecord[],
    signal: AbortSignal,
  ): Promise<void> {
    const container = this.#container(writer, records);
    try {
      await this.#insert(EVENTS, this.#insertOf(writer).sql, container, signal);
    } catch (error) {
      if (!isDataRefusal(error)) throw error;
      this.#options.logger.error(
        { alarm: true, records: records.length, error: error.message },
        'ClickHouse refused events; looking for the offenders',
      );
      // An empty block with the same statement: refused too, it is not about the records.
      await this.#persist(
        'a probe',
        () => this.#insertOnce(this.#insertOf(writer).sql, this.#container(writer, []), signal),
        signal,
      );
      throw new RefusedRecordsError(await this.#offenders(writer, records, signal));
    }
  }

  /** Halves until each offender stands alone; what is accepted on the way is stored, and its rows are the same when sent again. */
  async #offenders(
    writer: WriterSchema,
    records: readonly EventRecord[],
    signal: AbortSignal,
  ): Promise<EventRecord[]> {
    try {
      await this.#insert(EVENTS, this.#insertOf(writer).sql, this.#container(writer, records), signal);
      return [];
    } catch (error) {
      if (!isDataRefusal(error)) throw error;
      if (records.length === 1) return [...records];
    }
    const middle = records.length >> 1;
    const left = await this.#offenders(writer, records.slice(0, middle), signal);
    return [...left, ...(await this.#offenders(writer, records.slice(middle), signal))];
  }

  #container(writer: WriterSchema, records: readonly EventRecord[]): Buffer[] {
    return eventsContainer(this.#insertOf(writer).schema, this.#options.origin.generation, records);
  }

  #insertOf(writer: WriterSchema): EventsInsert {
    let insert = this.#inserts.get(writer.id);
    if (insert === undefined) this.#inserts.set(writer.id, (insert = eventsInsert(writer.text)));
    return insert;
  }

  #insert(what: string, sql: string, chunks: readonly Buffer[], signal: AbortSignal): Promise<void> {
    return this.#persist(what, () => this.#insertOnce(sql, chunks, signal), signal);
  }

  async #insertOnce(sql: string, chunks: readonly Buffer[], signal: AbortSignal): Promise<void> {
    await this.#options.clickhouse.insert(sql, chunks, { timeoutMs: this.#options.timeoutMs, signal });
  }

  async #insertJson(table: string, rows: readonly object[], signal: AbortSignal): Promise<void> {
    if (rows.length === 0) return;
    const body = Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'));
    await this.#insert(table, `INSERT INTO kaquan_store.${table} FORMAT JSONEachRow`, [body], signal);
  }

  #deadLetterRow({ record, reason }: DeadLetter): object {
    const { group, generation } = this.#options.origin;
    return {
      consumer_group: group,
      generation,
      partition: record.partition,
      offset: record.offset,
      record_time: record.time / 1000,
      reason,
    };
  }

  #skipRow({ partition, first, last, reason }: Skip): object {
    const { group, generation } = this.#options.origin;
    return { consumer_group: group, generation, partition, first_offset: first, last_offset: last, reason };
  }
}
