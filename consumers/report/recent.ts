/** The ids that came last: at least so many of them as it is told, at most twice as many. */
export class Recent {
  readonly #most: number;
  #young = new Set<string>();
  #old: ReadonlySet<string> = new Set();

  constructor(most: number) {
    this.#most = most;
  }

  has(id: string): boolean {
    return this.#young.has(id) || this.#old.has(id);
  }

  add(id: string): void {
    this.#young.add(id);
    if (this.#young.size < this.#most) return;
    this.#old = this.#young;
    this.#young = new Set();
  }
}
