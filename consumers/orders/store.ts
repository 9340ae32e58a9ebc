import type { Logger } from 'pino';

import {
  type ClickHouse,
  ClickHouseError,
  isDataRefusal,
  type ServerSettings,
} from '../../runtime/clickhouse/client.ts';
import { persistence, type Persist } from '../../runtime/process/persistence.ts';
import type { Waits } from '../../runtime/process/waits.ts';
import type { RecordProducer } from '../../runtime/kafka/producer.ts';
import type { Skip } from '../../runtime/kafka/starting-offsets.ts';
import type { Batch } from './batch.ts';
import { passing } from './crash-points.ts';
import { type Origin, publishDeadLetters } from './dead-letters.ts';
import { deadLetterRows, skipRows, type LedgerRows } from '../../sql/ledgers.ts';
import { FENCED, HeldError, unlessExchanged } from '../../sql/rebuilds.ts';
import type { EventsBlock, Place } from './events-block.ts';
import { disputesInsert, milestonesInsert, statesInsert } from './rows.ts';

export interface StoreOptions {
  readonly clickhouse: ClickHouse;
  readonly deadLetters: RecordProducer;
  readonly origin: Origin;
  /** The last exchange when this began: after a later one it may not write states and milestones any more. */
  readonly exchange: number;
  /** Of each insert, ms; shorter than the session. */
  readonly timeoutMs: number;
  readonly now: () => number;
  readonly logger: Logger;
  readonly waits: Waits;
  /** Told how long each step took, s. */
  readonly onDone: (step: string, seconds: number) => void;
}

/** ClickHouse refused these records, each alone, while it takes others: they are to become dead letters. */
export class RefusedRecordsError extends Error {
  override readonly name = 'RefusedRecordsError';
  readonly places: readonly Place[];

  constructor(places: readonly Place[]) {
    super(`ClickHouse refused ${places.length} records, each alone`);
    this.places = places;
  }
}

// A refusal of rows is a verdict only on what came from outside: rows that we made ourselves wait for a mended store.
const EVENTS = 'events';

// No two rows of a batch have the same key: looking for such costs a fifth of these inserts.
const DISTINCT_ROWS = { optimize_on_insert: 0 };

/** Stores frozen batches; see the design for why the order of the steps matters. */
export class Store {
  readonly #options: StoreOptions;
  readonly #persist: Persist;
  readonly #milestonesInsert: string;
  readonly #statesInsert: string;

  constructor(options: StoreOptions) {
    this.#options = options;
    const condition = unlessExchanged(options.exchange);
    this.#milestonesInsert = milestonesInsert({ table: 'milestones', condition });
    this.#statesInsert = statesInsert({ table: 'states', condition });
    const { waits, logger, onDone } = options;
    const isVerdict = (what: string, error: unknown): boolean => what === EVENTS && isDataRefusal(error);
    this.#persist = persistence({ waits, logger, isVerdict, onDone });
  }

  /**
   * Resolves when everything of `batch` is stored or acknowledged.
   * @throws {RefusedRecordsError} before anything but disputes and events was stored
   * @throws {HeldError} a rebuild has exchanged the tables
   */
  async store(batch: Batch, signal: AbortSignal): Promise<void> {
    const isChange = batch.states.length > 0;
    for (const rows of batch.disputes) await this.#insert('disputes', disputesInsert, [rows], signal);
    for (const block of batch.events) await this.#storeEvents(block, signal);
    passing('orders/events_stored', isChange);
    for (const rows of batch.milestones)
      await this.#insert('milestones', this.#milestonesInsert, [rows], signal);
    passing('orders/milestones_stored', isChange);
    for (const rows of batch.states) {
      await this.#insert('states', this.#statesInsert, [rows], signal, DISTINCT_ROWS);
    }
    passing('orders/states_stored', isChange);
    await this.#accountForOthers(batch, signal);
  }

  /** Records offsets that are no stored record. */
  async recordSkips(skips: readonly Skip[], signal: AbortSignal): Promise<void> {
    if (skips.length > 0) await this.#insertLedger(skipRows(skips, this.#options.origin), signal);
  }

  async #accountForOthers({ deadLetters, skips, states }: Batch, signal: AbortSignal): Promise<void> {
    if (deadLetters.length > 0) {
      const { deadLetters: producer, origin, now } = this.#options;
      await this.#persist(
        'dead letters',
        () => publishDeadLetters(producer, deadLetters, origin, now()),
        signal,
        'Kafka',
      );
      passing('orders/letters_published', states.length > 0);
      await this.#insertLedger(deadLetterRows(deadLetters, origin), signal);
      passing('orders/letters_recorded', states.length > 0);
    }
    await this.recordSkips(skips, signal);
  }

  async #storeEvents(block: EventsBlock, signal: AbortSignal): Promise<void> {
    const { sql } = block.insert;
    try {
      await this.#insert(EVENTS, sql, block.container(), signal, DISTINCT_ROWS);
    } catch (error) {
      if (!isDataRefusal(error)) throw error;
      const { logger } = this.#options;
      logger.error(
        { alarm: true, events: block.events, error: error.message },
        'ClickHouse refused events; looking for the offenders',
      );
      // An empty block with the same statement: refused too, it is not about the records.
      await this.#persist('a probe', () => this.#insertOnce(sql, block.container(0, 0), signal), signal);
      throw new RefusedRecordsError(await this.#offenders(block, 0, block.events, signal));
    }
  }

  /** Halves until each offender stands alone; what is accepted on the way is stored, and its rows are the same when sent again. */
  async #offenders(block: EventsBlock, first: number, end: number, signal: AbortSignal): Promise<Place[]> {
    try {
      await this.#insert(EVENTS, block.insert.sql, block.container(first, end), signal, DISTINCT_ROWS);
      return [];
    } catch (error) {
      if (!isDataRefusal(error)) throw error;
      const place = block.place(first);
      if (end - first === 1 && place !== undefined) return [place];
    }
    const middle = (first + end) >> 1;
    const left = await this.#offenders(block, first, middle, signal);
    return [...left, ...(await this.#offenders(block, middle, end, signal))];
  }

  #insert(
    what: string,
    sql: string,
    chunks: readonly Buffer[],
    signal: AbortSignal,
    settings?: ServerSettings,
  ): Promise<void> {
    return this.#persist(what, () => this.#insertOnce(sql, chunks, signal, settings), signal);
  }

  async #insertOnce(
    sql: string,
    chunks: readonly Buffer[],
    signal: AbortSignal,
    settings: ServerSettings = {},
  ): Promise<void> {
    const { clickhouse, timeoutMs } = this.#options;
    try {
      await clickhouse.insert(sql, chunks, { timeoutMs, signal, settings });
    } catch (error) {
      throw error instanceof ClickHouseError && error.code === FENCED
        ? new HeldError('a rebuild has exchanged the tables')
        : error;
    }
  }

  async #insertLedger({ table, sql, rows }: LedgerRows, signal: AbortSignal): Promise<void> {
    await this.#insert(table, sql, [rows], signal);
  }
}
