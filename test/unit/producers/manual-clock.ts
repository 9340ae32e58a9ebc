import type { Clock } from '../../../producers/delivery/clock.ts';

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  #now = 1_000_000;
  #sleepers: Sleeper[] = [];

  readonly now = (): number => this.#now;

  readonly wait = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
    new Promise((wake) => {
      const sleeper = { until: this.#now + milliseconds, wake };
      if (signal?.aborted === true) wake();
      else this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        wake();
      });
    });

  /** Goes on step by step, so that whoever wakes up can fall asleep again on the way. */
  async advance(milliseconds: number, step = 50): Promise<void> {
    for (let left = milliseconds; left > 0; left -= step) {
      this.#now += Math.min(step, left);
      const due = this.#sleepers.filter(({ until }) => until <= this.#now);
      this.#sleepers = this.#sleepers.filter(({ until }) => until > this.#now);
      for (const { wake } of due) wake();
      await settled();
    }
  }
}

/** Resolves when all promises that can go on without time have gone on. */
export const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
};
