import { ServerError } from './errors.ts';

/**
 * A number of sessions with a bounded queue before them, first come, first served. Each kind of work has a lane of its
 * own, so that none can hold up another.
 */
export class Lane {
  readonly #name: string;
  readonly #sessions: number;
  readonly #queue: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(name: string, sessions: number, queue: number) {
    this.#name = name;
    this.#sessions = sessions;
    this.#queue = queue;
  }

  /**
   * Runs `task` once a session is free.
   * @throws {ServerError} 202 if the queue is full; the signal's reason if it aborts while waiting.
   */
  async run<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.#running < this.#sessions) this.#running++;
    else await this.#turn(signal);
    try {
      return await task();
    } finally {
      this.#leave();
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#queue) throw ServerError.of(202, this.#full());
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.delete(go);
        reject(signal.reason as Error);
      };
      const go = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(go);
    });
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running--;
      return;
    }
    this.#waiting.delete(next);
    next();
  }

  #full(): string {
    return `Too many simultaneous queries for ${this.#name}: ${this.#sessions} run and ${this.#queue} wait.`;
  }
}
