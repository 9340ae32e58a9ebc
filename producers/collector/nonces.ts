import { LRUCache } from 'lru-cache';

import { RefusedError } from '../../runtime/http/failures.ts';
import { CODES } from '../../schemas/report_api/index.ts';
import type { Caller } from './caller.ts';

const REMEMBERED = 1_000_000;

/** The nonces of requests that were taken, as long as their timestamps would pass again. */
export class Nonces {
  readonly #taken: LRUCache<string, true>;

  /** @param skew how far a timestamp may be from now, to either side, seconds */
  constructor(skew: number) {
    this.#taken = new LRUCache({ max: REMEMBERED, ttl: 2 * skew * 1000 });
  }

  /**
   * Runs `work` unless the caller's nonce was taken before; when it fails, the nonce may be sent again with the same request.
   * @throws {RefusedError} if it was
   */
  async once<T>({ appId, nonce }: Caller, work: () => Promise<T>): Promise<T> {
    if (nonce === undefined) return work();
    const key = JSON.stringify([appId, nonce]);
    if (this.#taken.has(key)) throw new RefusedError(CODES.notAllowed, 'nonce was taken before');
    this.#taken.set(key, true);
    try {
      return await work();
    } catch (error) {
      this.#taken.delete(key);
      throw error;
    }
  }
}
