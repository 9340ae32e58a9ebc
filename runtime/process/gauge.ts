/** A figure that is read again and again. */
export interface Gauge<T> {
  /** Resolves when the first read has ended, well or not. */
  readonly ready: Promise<void>;
  /** The last value that could be read; undefined before the first. */
  latest(): T | undefined;
  /** Why the last attempt failed; undefined when it did not. */
  problem(): unknown;
  stop(): Promise<void>;
}

/** However slow a read is, it has the store for a fifth of the time at the most. */
const PAUSE_PER_READ = 4;

/** The part that was away may be back: what failed is not shown for longer than that. */
const AFTER_FAILURE_MS = 1000;

/**
 * Reads at once and then every `everyMs`, less often when reading takes long, and soon again when it failed.
 * @param mostPauseMs of a read that asks little: it is slow only where it waits for somebody who is away, and is read again this
 * soon after it
 */
export function startGauge<T>(
  read: () => Promise<T>,
  everyMs: number,
  mostPauseMs = Number.POSITIVE_INFINITY,
): Gauge<T> {
  let latest: T | undefined;
  let problem: unknown;
  let tookBefore = Number.POSITIVE_INFINITY;
  let wake: (() => void) | undefined;
  let running = true;
  let settle: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (settle = resolve));

  const loop = async (): Promise<void> => {
    while (running) {
      const began = performance.now();
      try {
        latest = await read();
        problem = undefined;
      } catch (error) {
        problem = error;
      }
      settle();
      const took = performance.now() - began;
      const every = problem === undefined ? everyMs : Math.min(everyMs, AFTER_FAILURE_MS);
      // One that was slow alone was kept waiting by somebody who was away.
      const rest = PAUSE_PER_READ * Math.min(took, tookBefore);
      tookBefore = took;
      await pause(Math.min(mostPauseMs, Math.max(every - took, rest)));
    }
  };
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, running ? ms : 0);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const ended = loop();
  return {
    ready,
    latest: () => latest,
    problem: () => problem,
    async stop() {
      running = false;
      wake?.();
      await ended;
    },
  };
}
