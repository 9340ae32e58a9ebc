import type { Fetched } from '../../runtime/kafka/group.ts';

export interface IntakeLimits {
  /** Events of one flush at the most. */
  readonly events: number;
  /** Bytes of one flush at the most. */
  readonly bytes: number;
  /** How long the first record waits for company, ms. */
  readonly waitMs: number;
}

const sizeOf = ({ records }: Fetched): number =>
  records.reduce((sum, { value, key }) => sum + (value?.length ?? 0) + (key?.length ?? 0), 0);

/** What was fetched and not yet flushed, of all partitions together; bounded to two flushes. */
export class Intake {
  readonly #limits: IntakeLimits;
  #queue: { fetched: Fetched; bytes: number }[] = [];
  #events = 0;
  #bytes = 0;
  #isClosed = false;
  #wake = signalled();
  #room = signalled();
  #timer: NodeJS.Timeout | undefined;
  #isDue = false;

  constructor(limits: IntakeLimits) {
    this.#limits = limits;
  }

  put(fetched: Fetched): void {
    const bytes = sizeOf(fetched);
    this.#queue.push({ fetched, bytes });
    this.#events += fetched.records.length;
    this.#bytes += bytes;
    this.#timer ??= setTimeout(() => {
      this.#isDue = true;
      this.#wake.resolve();
    }, this.#limits.waitMs);
    if (this.#isFull()) this.#wake.resolve();
  }

  /** Resolves when there is room for more. */
  async room(): Promise<void> {
    while (this.#isOverfull() && !this.#isClosed) await this.#room.promise;
  }

  /** What the next flush takes: when it is full, or the first record waited long enough. Empty only when closed and drained. */
  async take(): Promise<Fetched[]> {
    while (!this.#isFull() && !this.#isDue && !this.#isClosed) {
      this.#wake = signalled();
      await this.#wake.promise;
    }
    return this.#cut();
  }

  /** Nothing more will be put: what is left is taken at once. */
  close(): void {
    this.#isClosed = true;
    this.#wake.resolve();
    this.#room.resolve();
  }

  #cut(): Fetched[] {
    const taken: Fetched[] = [];
    let events = 0;
    let bytes = 0;
    for (const { fetched, bytes: size } of this.#queue) {
      const isOver =
        events + fetched.records.length > this.#limits.events || bytes + size > this.#limits.bytes;
      if (isOver && taken.length > 0) break;
      taken.push(fetched);
      events += fetched.records.length;
      bytes += size;
    }
    this.#queue = this.#queue.slice(taken.length);
    this.#events -= events;
    this.#bytes -= bytes;
    this.#restartTimer();
    this.#room.resolve();
    this.#room = signalled();
    return taken;
  }

  #restartTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // What is left has waited already.
    this.#isDue = this.#queue.length > 0;
  }

  #isFull(): boolean {
    return this.#events >= this.#limits.events || this.#bytes >= this.#limits.bytes;
  }

  #isOverfull(): boolean {
    return this.#events >= this.#limits.events * 2 || this.#bytes >= this.#limits.bytes * 2;
  }
}

function signalled(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
