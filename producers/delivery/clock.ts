/** Time, as delivery needs it. */
export interface Clock {
  /** Milliseconds that never fall. */
  readonly now: () => number;
  /** Resolves after so many milliseconds, or as soon as `signal` is aborted. */
  readonly wait: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wait: (milliseconds, signal) =>
    new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, signal?.aborted === true ? 0 : milliseconds);
      signal?.addEventListener('abort', end);
    }),
};
