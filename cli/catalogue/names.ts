import { createHash } from 'node:crypto';

/** Names that may have come more than once. */
export interface Suspects {
  readonly any: boolean;
  has(name: string): boolean;
  /** How many more lines repeat a name that is not among them. */
  readonly others: number;
}

const HASH_BYTES = 6;

// Of six bytes, so that it is a number: of two names that share one, which is rare, only the names themselves can tell.
const hashOf = (name: string): number => createHash('sha256').update(name).digest().readUIntBE(0, HASH_BYTES);

/** Which of millions of names come more than once, in the memory of one number for each. */
export class Names {
  #hashes = new Float64Array(1024);
  #count = 0;

  add(name: string): void {
    if (this.#count === this.#hashes.length) {
      const larger = new Float64Array(this.#count * 2);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    this.#hashes[this.#count] = hashOf(name);
    this.#count += 1;
  }

  /** @param most of how many names it is told which they are */
  repeated(most: number): Suspects {
    const sorted = this.#hashes.subarray(0, this.#count).sort();
    const hashes = new Set<number>();
    let others = 0;
    for (let at = 1; at < sorted.length; at++) {
      const hash = sorted[at];
      if (hash === undefined || hash !== sorted[at - 1]) continue;
      if (hashes.size < most) hashes.add(hash);
      else if (!hashes.has(hash)) others += 1;
    }
    return { any: hashes.size > 0, has: (name) => hashes.has(hashOf(name)), others };
  }
}
