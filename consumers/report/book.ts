import { BufferPool } from '../../runtime/bytes/growable.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { RowBinaryWriter } from '../../runtime/clickhouse/row-binary.ts';
import type { Skip } from '../../runtime/kafka/starting-offsets.ts';
import type { Persist } from '../../runtime/process/persistence.ts';
import { deadLetterRows, skipRows, type LedgerLetter, type LedgerOwner } from '../../sql/ledgers.ts';
import { passing } from './crash-points.ts';
import type { Entry, Lane, Noted } from './lane.ts';
import { DELIVERIES_INSERT, writeDelivery, type Delivery } from './ledger.ts';

/** What is known of some entries of a lane, and lies in no table yet. */
export interface Settled {
  readonly lane: Lane;
  readonly entries: readonly Entry[];
  readonly deliveries: readonly Delivery[];
  /** Of the deliveries, those that the lane's note speaks of; undefined: none. */
  readonly noted: Noted | undefined;
  /** Dead letters that the broker has acknowledged. */
  readonly letters: readonly LedgerLetter[];
  readonly skips: readonly Skip[];
}

/** What was written down. */
export interface Written extends Pick<Settled, 'letters' | 'skips'> {
  /** Records that are accounted for. */
  readonly records: number;
}

/** What is settled without what it was made of: that would outlive several collections of garbage before it is stored. */
interface Booked extends Pick<Settled, 'lane' | 'entries' | 'noted'>, Written {}

export interface BookOptions {
  readonly clickhouse: ClickHouse;
  readonly owner: LedgerOwner;
  readonly persist: Persist;
  /** Of each insert, ms; shorter than the session. */
  readonly timeoutMs: number;
  /** How long what is settled waits for company, ms. */
  readonly waitMs: number;
  /** The entries of this lane may be committed now. */
  readonly onStored: (lanes: ReadonlySet<Lane>) => void;
  readonly signal: AbortSignal;
  /** Told of all that is written down. */
  readonly onWritten?: (written: Written) => void;
}

/** Writes down what became of records, of all lanes together: a few large inserts instead of one for each array. */
export class Book {
  readonly #options: BookOptions;
  readonly #pool = new BufferPool(2);
  #booked: Booked[] = [];
  /** RowBinary of the deliveries of what is booked. */
  #rows = new RowBinaryWriter(this.#pool);
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BookOptions) {
    this.#options = options;
  }

  /** Is written down soon. The entries hold no records any more. */
  add({ lane, entries, deliveries, noted, letters, skips }: Settled): void {
    for (const delivery of deliveries) writeDelivery(this.#rows, delivery, this.#options.owner.generation);
    let records = 0;
    for (const entry of entries) {
      if (entry.record !== undefined) records += 1;
      entry.record = entry.verdict = undefined;
    }
    this.#booked.push({ lane, entries, noted, letters, skips, records });
    this.#timer ??= setTimeout(() => {
      // What fails here is told by whoever waits for a flush, and tried again until then.
      this.flush().catch(() => undefined);
    }, this.#options.waitMs);
  }

  /** Resolves when everything that was added before is stored; rejects only when the book is given up. */
  flush(): Promise<void> {
    // One insert at a time: whoever comes meanwhile shares the next one.
    this.#next ??= this.#writing
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#writing = this.#write();
        return this.#writing;
      });
    return this.#next;
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const booked = this.#booked;
    if (booked.length === 0) return;
    const rows = this.#rows;
    this.#booked = [];
    this.#rows = new RowBinaryWriter(this.#pool);
    await this.#store(booked, rows.written());
    rows.release();
    passing('report/ledger_stored');
    const lanes = new Set<Lane>();
    for (const { lane, entries, noted } of booked) {
      for (const entry of entries) entry.isDone = true;
      if (noted !== undefined) lane.stored(noted);
      lanes.add(lane);
    }
    if (this.#options.onWritten !== undefined) booked.forEach(this.#options.onWritten);
    this.#options.onStored(lanes);
  }

  async #store(booked: readonly Booked[], deliveries: Buffer): Promise<void> {
    const { owner } = this.#options;
    const letters = booked.flatMap((one) => one.letters);
    const skips = booked.flatMap((one) => one.skips);
    // First, because what the ledger has of deliveries is settled for good after a kill.
    for (const { table, sql, rows } of [
      ...(letters.length > 0 ? [deadLetterRows(letters, owner)] : []),
      ...(skips.length > 0 ? [skipRows(skips, owner)] : []),
    ])
      await this.#insert(table, sql, rows);
    passing('report/letters_stored', deliveries.length > 0);
    if (deliveries.length > 0) await this.#insert('deliveries', DELIVERIES_INSERT, deliveries);
  }

  async #insert(what: string, sql: string, rows: Buffer): Promise<void> {
    const { clickhouse, persist, timeoutMs, signal } = this.#options;
    await persist(what, () => clickhouse.insert(sql, [rows], { timeoutMs, signal }), signal);
  }
}
