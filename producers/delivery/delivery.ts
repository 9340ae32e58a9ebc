/** Records that one caller waits for together: done when the last of them is acknowledged, failed when the first of them fails. */
export class Delivery {
  readonly done: Promise<void>;
  /** When it fails if it is not done, milliseconds of the queue's clock. */
  readonly deadline: number;
  #left: number;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(records: number, deadline: number) {
    this.#left = records;
    this.deadline = deadline;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get settled(): boolean {
    return this.#left === 0;
  }

  acknowledgeOne(): void {
    if (this.settled) return;
    this.#left -= 1;
    if (this.#left === 0) this.#resolve();
  }

  fail(error: Error): void {
    if (this.settled) return;
    this.#left = 0;
    this.#reject(error);
  }
}
