import type { Fetched } from '../../runtime/kafka/group.ts';
import { signalled } from '../../runtime/process/signalled.ts';

const sizeOf = ({ records }: Fetched): number =>
  records.reduce((sum, { value, key }) => sum + (value?.length ?? 0) + (key?.length ?? 0), 0);

/** What was fetched and not yet folded, of all partitions together, in bounded memory. */
export class Intake {
  readonly #most: number;
  #queue: { fetched: Fetched; bytes: number }[] = [];
  #bytes = 0;
  #isClosed = false;
  #change = signalled();
  #room = signalled();

  /** @param most bytes from which on there is no room */
  constructor(most: number) {
    this.#most = most;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  put(fetched: Fetched): void {
    const bytes = sizeOf(fetched);
    this.#queue.push({ fetched, bytes });
    this.#bytes += bytes;
    this.wake();
  }

  /** What came first, at least one fetch if there is any, and more until they hold so many records or bytes, or more. */
  take(most: { readonly records: number; readonly bytes: number }): Fetched[] {
    const taken: Fetched[] = [];
    let { records, bytes } = most;
    for (const next of this.#queue) {
      if (taken.length > 0 && (records <= 0 || bytes <= 0)) break;
      taken.push(next.fetched);
      records -= next.fetched.records.length;
      bytes -= next.bytes;
      this.#bytes -= next.bytes;
    }
    this.#queue.splice(0, taken.length);
    if (taken.length > 0 && this.#bytes < this.#most) {
      this.#room.resolve();
      this.#room = signalled();
    }
    return taken;
  }

  /** Resolves when there is room for more. */
  async room(): Promise<void> {
    while (this.#bytes >= this.#most && !this.#isClosed) await this.#room.promise;
  }

  /** Resolves when something was put, or `wake` or `close` is called, at the latest after `timeoutMs`. */
  async change(timeoutMs: number | undefined): Promise<void> {
    if (this.#queue.length > 0 || this.#isClosed) return;
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => this.wake(), timeoutMs);
    await this.#change.promise;
    clearTimeout(timer);
  }

  wake(): void {
    this.#change.resolve();
    this.#change = signalled();
  }

  /** Nothing more will be put. */
  close(): void {
    this.#isClosed = true;
    this.wake();
    this.#room.resolve();
  }
}
