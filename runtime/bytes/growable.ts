/** Buffers to write into again: a fresh one of megabytes costs a page fault for each of its pages. */
export class BufferPool {
  readonly #free: Buffer[] = [];
  readonly #most: number;

  /** @param most buffers kept */
  constructor(most: number) {
    this.#most = most;
  }

  /** The largest free buffer, or a new one of `bytes`. */
  take(bytes: number): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(bytes);
  }

  /** Gives a buffer back. Nothing may read it any more. */
  give(buffer: Buffer): void {
    this.#free.push(buffer);
    this.#free.sort((a, b) => a.length - b.length);
    if (this.#free.length > this.#most) this.#free.shift();
  }
}

const INITIAL_BYTES = 65_536;

/** Bytes that are appended to. */
export class GrowableBytes {
  /** What is written lies before `length`. A reservation may replace it. */
  bytes: Buffer;
  length = 0;
  readonly #pool: BufferPool | undefined;

  constructor(pool?: BufferPool) {
    this.#pool = pool;
    this.bytes = pool?.take(INITIAL_BYTES) ?? Buffer.allocUnsafeSlow(INITIAL_BYTES);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  /** What was written, without a copy. */
  written(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** Gives the memory back to the pool; neither this nor anything from `written` may be used afterwards. */
  release(): void {
    this.#pool?.give(this.bytes);
  }
}
