import { Transform, type TransformCallback } from 'node:stream';

/**
 * Passes an answer on without the block at its end in which ClickHouse says what failed after the answer had begun:
 * between two marks, each with the tag that a header named.
 */
export class ExceptionTail extends Transform {
  readonly #mark: Buffer | undefined;
  #held = Buffer.alloc(0);
  #isException = false;

  /** @param tag the header x-clickhouse-exception-tag; without one nothing is held back */
  constructor(tag: string | string[] | undefined) {
    super();
    this.#mark = typeof tag === 'string' ? Buffer.from(`\r\n__exception__\r\n${tag}`) : undefined;
  }

  /** The server's words; `''` if the answer was whole, as far as it came. */
  get exception(): string {
    if (this.#mark === undefined || !this.#isException) return '';
    const block = this.#held.subarray(this.#mark.length).toString().trim();
    // At its end stand its length, the tag and the mark again.
    return block.replace(/\n\d+ \S+\s+__exception__$/, '');
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    if (this.#mark === undefined) {
      done(null, chunk);
      return;
    }
    this.#held = Buffer.concat([this.#held, chunk]);
    if (this.#isException) {
      done();
      return;
    }
    const at = this.#held.indexOf(this.#mark);
    this.#isException = at >= 0;
    this.#pass(at >= 0 ? at : Math.max(0, this.#held.length - this.#mark.length));
    done();
  }

  override _flush(done: TransformCallback): void {
    if (!this.#isException) this.#pass(this.#held.length);
    done();
  }

  #pass(bytes: number): void {
    this.push(this.#held.subarray(0, bytes));
    this.#held = this.#held.subarray(bytes);
  }
}
