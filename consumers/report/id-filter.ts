const BITS_PER_ID = 24;
const FEWEST_IDS = 1 << 20;
const MOST_BITS_EXPONENT = 31;
const ROUNDS = 4;

/**
 * Which event ids may be in the ledger: one that is not known here is not in it. An id is a hash already, so that its own
 * bytes tell its bits. It grows by a further, larger layer when it is full.
 */
export class IdFilter {
  readonly #layers: Layer[] = [];
  #isAll = false;

  /** @param ids about how many are added at once */
  constructor(ids = 0) {
    this.#layers.push(new Layer(Math.max(FEWEST_IDS, 2 * ids)));
  }

  /** @param id 16 bytes, one character (0–255) each */
  mayHave(id: string): boolean {
    if (this.#isAll) return true;
    const first = wordOf(id, 0);
    const second = wordOf(id, 9);
    return this.#layers.some((layer) => layer.has(first, second));
  }

  add(id: string): void {
    this.addWords(wordOf(id, 0), wordOf(id, 9));
  }

  /** @param first bytes 0–3 of the id, little-endian. @param second bytes 9–12 */
  addWords(first: number, second: number): void {
    let last = this.#layers.at(-1);
    if (last === undefined || last.isFull)
      this.#layers.push((last = new Layer(2 * (last?.capacity ?? FEWEST_IDS))));
    last.add(first, second);
  }

  /** Every id may be there. */
  addAll(): void {
    this.#isAll = true;
  }
}

class Layer {
  readonly capacity: number;
  readonly #bits: Uint8Array;
  readonly #mask: number;
  #added = 0;

  constructor(capacity: number) {
    const exponent = Math.min(MOST_BITS_EXPONENT, Math.ceil(Math.log2(capacity * BITS_PER_ID)));
    this.capacity = Math.floor(2 ** exponent / BITS_PER_ID);
    this.#bits = new Uint8Array(2 ** (exponent - 3));
    this.#mask = 2 ** exponent - 1;
  }

  get isFull(): boolean {
    return this.#added >= this.capacity;
  }

  has(first: number, second: number): boolean {
    let bit = first;
    for (let round = 0; round < ROUNDS; round += 1) {
      const at = bit & this.#mask;
      if (((this.#bits[at >>> 3] ?? 0) & (1 << (at & 7))) === 0) return false;
      bit = (bit + second) | 0;
    }
    return true;
  }

  // Two independent words give any number of bits (Kirsch and Mitzenmacher).
  add(first: number, second: number): void {
    this.#added += 1;
    let bit = first;
    for (let round = 0; round < ROUNDS; round += 1) {
      const at = bit & this.#mask;
      this.#bits[at >>> 3] = (this.#bits[at >>> 3] ?? 0) | (1 << (at & 7));
      bit = (bit + second) | 0;
    }
  }
}

const wordOf = (id: string, at: number): number =>
  id.charCodeAt(at) |
  (id.charCodeAt(at + 1) << 8) |
  (id.charCodeAt(at + 2) << 16) |
  (id.charCodeAt(at + 3) << 24);
