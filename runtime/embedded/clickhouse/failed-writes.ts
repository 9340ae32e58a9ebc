import { setTimeout as sleep } from 'node:timers/promises';

import type { Addon, Connection } from './addon.ts';
import { ServerError } from './errors.ts';

const COUNT = `SELECT value FROM system.events WHERE event = 'WriteBufferFromFileDescriptorWriteFailed'`;

/** How long a merge may stay unseen that could not be written, in ms. */
const LOOK_MS = 1_000;

/**
 * A write that the disk refuses is counted by chdb, and taken for made: what was being stored is answered as stored, and the
 * parts of a merge are given up for one that is empty. All of it can be mended by a start as long as those parts are
 * there, which is eight minutes: the start sets aside what is not whole.
 */
export class FailedWrites {
  readonly #addon: Addon;
  readonly #connection: Connection;
  readonly #over = new AbortController();
  readonly #onFailure: () => void;
  readonly #watching: Promise<void>;
  #look = Promise.resolve();
  #next: Promise<void> | undefined;

  /**
   * @param connection nobody else's
   * @param onFailure called when a write has failed, and again each time that it is looked
   */
  constructor(addon: Addon, connection: Connection, onFailure: () => void) {
    this.#addon = addon;
    this.#connection = connection;
    this.#onFailure = onFailure;
    this.#watching = this.#watch();
  }

  /**
   * Resolves if every write before the call was made.
   * @throws {ServerError} 243 if one was not
   */
  none(): Promise<void> {
    // A look that has not begun serves all who ask until it does.
    this.#next ??= this.#look.then(() => {
      const look = this.#count();
      this.#next = undefined;
      this.#look = look.catch(() => undefined);
      return look;
    });
    return this.#next;
  }

  /** Resolves once the connection is not used any more. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.#watching;
    await this.#look;
  }

  async #count(): Promise<void> {
    const { bytes } = await this.#addon.QueryAsyncConnection(this.#connection, COUNT, 'TSV');
    if (bytes.length === 0) return;
    this.#onFailure();
    throw ServerError.of(243, 'The disk has refused a write: no space left on device, or another fault.');
  }

  async #watch(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      await this.none().catch(() => undefined);
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
