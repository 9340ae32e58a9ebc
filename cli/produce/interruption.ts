export interface Interruption {
  /** Aborted by the first SIGINT or SIGTERM; a second one ends the process as usual. */
  readonly signal: AbortSignal;
  /** Gives the signals back. */
  readonly release: () => void;
}

/** Lets a command end in order when it is told to. */
export function onInterruption(): Interruption {
  const stopping = new AbortController();
  const stop = (): void => {
    release();
    stopping.abort();
  };
  const release = (): void => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return { signal: stopping.signal, release };
}
