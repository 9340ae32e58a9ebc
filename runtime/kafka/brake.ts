/**
 * Stops a group that would turn everything into dead letters: of the last `window` records of a partition, at least
 * `share` became dead letters.
 */
export class Brake {
  readonly #window: number;
  readonly #limit: number;
  readonly #last: Uint8Array;
  #seen = 0;
  #dead = 0;

  constructor(window: number, share: number) {
    this.#window = window;
    this.#limit = Math.ceil(window * share);
    this.#last = new Uint8Array(window);
  }

  /** Takes one record in. @returns whether the group must stop */
  record(isDead: boolean): boolean {
    const slot = this.#seen % this.#window;
    this.#dead += (isDead ? 1 : 0) - (this.#last[slot] ?? 0);
    this.#last[slot] = isDead ? 1 : 0;
    this.#seen += 1;
    return this.#seen >= this.#window && this.#dead >= this.#limit;
  }
}
