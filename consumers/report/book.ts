import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { Skip } from '../../runtime/kafka/starting-offsets.ts';
import type { Persist } from '../../runtime/process/persistence.ts';
import { deadLetterRows, skipRows, type LedgerLetter, type LedgerOwner } from '../../sql/ledgers.ts';
import { passing } from './crash-points.ts';
import type { Entry, Lane, Letter } from './lane.ts';
import { DELIVERIES_INSERT, deliveryRows, type Delivery } from './ledger.ts';

/** What is known of some entries of a lane, and lies in no table yet. */
export interface Settled {
  readonly lane: Lane;
  readonly entries: readonly Entry[];
  readonly deliveries: readonly Delivery[];
  /** Of the deliveries, those that the lane's note speaks of. */
  readonly noted: readonly Pick<Letter, 'event'>[];
  /** Dead letters that the broker has acknowledged. */
  readonly letters: readonly LedgerLetter[];
  readonly skips: readonly Skip[];
}

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
  readonly onWritten?: (settled: Settled) => void;
}

/** Writes down what became of records, of all lanes together: a few large inserts instead of one for each array. */
export class Book {
  readonly #options: BookOptions;
  #settled: Settled[] = [];
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BookOptions) {
    this.#options = options;
  }

  /** Is written down soon. */
  add(settled: Settled): void {
    this.#settled.push(settled);
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
    const settled = this.#settled;
    if (settled.length === 0) return;
    this.#settled = [];
    await this.#store(settled);
    passing('report/ledger_stored');
    const lanes = new Set<Lane>();
    for (const { lane, entries, noted } of settled) {
      for (const entry of entries) entry.isDone = true;
      lane.stored(noted);
      lanes.add(lane);
    }
    if (this.#options.onWritten !== undefined) settled.forEach(this.#options.onWritten);
    this.#options.onStored(lanes);
  }

  async #store(settled: readonly Settled[]): Promise<void> {
    const { owner } = this.#options;
    const deliveries = settled.flatMap((one) => one.deliveries);
    const letters = settled.flatMap((one) => one.letters);
    const skips = settled.flatMap((one) => one.skips);
    if (deliveries.length > 0)
      await this.#insert('deliveries', DELIVERIES_INSERT, deliveryRows(deliveries, owner.generation));
    passing('report/deliveries_stored', deliveries.length > 0);
    for (const { table, sql, rows } of [
      ...(letters.length > 0 ? [deadLetterRows(letters, owner)] : []),
      ...(skips.length > 0 ? [skipRows(skips, owner)] : []),
    ])
      await this.#insert(table, sql, rows);
  }

  async #insert(what: string, sql: string, rows: Buffer): Promise<void> {
    const { clickhouse, persist, timeoutMs, signal } = this.#options;
    await persist(what, () => clickhouse.insert(sql, [rows], { timeoutMs, signal }), signal);
  }
}
