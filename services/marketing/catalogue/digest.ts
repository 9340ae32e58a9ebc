import { createHash } from 'node:crypto';

import type { Holder } from './stored-offers.ts';

/** A digest of a set: of its elements in any order, one at a time, in constant memory. */
export class HoldersDigest {
  readonly #words = new Uint32Array(4);
  #count = 0;

  add({ openId, value }: Holder): void {
    const hash = createHash('sha256').update(`${value} ${openId}`).digest();
    for (let word = 0; word < 4; word++)
      this.#words[word] = (this.#words[word] ?? 0) + hash.readUInt32LE(word * 4);
    this.#count += 1;
  }

  get count(): number {
    return this.#count;
  }

  /** Hex. */
  get text(): string {
    return Buffer.from(this.#words.buffer).toString('hex');
  }
}
