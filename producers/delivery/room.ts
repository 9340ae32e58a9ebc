interface Waiter {
  readonly deadline: number;
  readonly enter: () => void;
  readonly refuse: (error: Error) => void;
}

/** Where callers wait, first come, first served, while there is no room. */
export class Room {
  readonly #hasRoom: () => boolean;
  #waiters: Waiter[] = [];

  constructor(hasRoom: () => boolean) {
    this.#hasRoom = hasRoom;
  }

  /** Resolves when there is room; rejects if {@link expire} finds that `deadline` is over. */
  async enter(deadline: number): Promise<void> {
    if (this.#hasRoom() && this.#waiters.length === 0) return;
    await new Promise<void>((enter, refuse) => {
      this.#waiters.push({ deadline, enter, refuse });
    });
  }

  /** Lets those in for whom there is room; to be called whenever there may be some. */
  admit(): void {
    const next = this.#hasRoom() ? this.#waiters.shift() : undefined;
    if (next === undefined) return;
    next.enter();
    // One by one: who enters takes his room before the next one looks.
    setImmediate(() => this.admit());
  }

  expire(now: number, error: () => Error): void {
    for (const { refuse } of this.#waiters.filter(({ deadline }) => deadline <= now)) refuse(error());
    this.#waiters = this.#waiters.filter(({ deadline }) => deadline > now);
  }
}
