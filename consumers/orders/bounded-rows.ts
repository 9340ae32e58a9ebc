import type { BufferPool } from '../../runtime/bytes/growable.ts';
import { RowBinaryWriter } from '../../runtime/clickhouse/row-binary.ts';

// Every table here is partitioned by month, and an insert may touch 100 partitions: 30 spans of 31 days reach into at
// most 3 months each.
const SPAN_MS = 31 * 86_400_000;
const SPANS_PER_INSERT = 30;

/** Tells when rows of other times must begin another insert: one insert may touch a bounded number of partitions. */
export class SpanLimit {
  readonly #spans = new Set<number>();

  /** @returns whether the row with this time (ms) begins another insert */
  isOver(time: number): boolean {
    const span = Math.floor(time / SPAN_MS);
    if (this.#spans.has(span)) return false;
    const isOver = this.#spans.size === SPANS_PER_INSERT;
    if (isOver) this.#spans.clear();
    this.#spans.add(span);
    return isOver;
  }
}

/** RowBinary rows, cut into inserts of bounded partitions. */
export class BoundedRows {
  readonly #limit = new SpanLimit();
  readonly #pool: BufferPool;
  readonly #writers: RowBinaryWriter[];
  #writer: RowBinaryWriter;

  constructor(pool: BufferPool) {
    this.#pool = pool;
    this.#writer = new RowBinaryWriter(pool);
    this.#writers = [this.#writer];
  }

  /** @returns the writer for a row of this time (ms) */
  at(time: number): RowBinaryWriter {
    if (this.#limit.isOver(time)) {
      this.#writer = new RowBinaryWriter(this.#pool);
      this.#writers.push(this.#writer);
    }
    return this.#writer;
  }

  /** The rows of each insert. */
  written(): Buffer[] {
    return this.#writers.map((writer) => writer.written()).filter(({ length }) => length > 0);
  }

  release(): void {
    for (const writer of this.#writers) writer.release();
  }
}
