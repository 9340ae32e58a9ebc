import pRetry from 'p-retry';
import type { Logger } from 'pino';

import { blame } from './blame.ts';
import { OperatorError } from './operator-error.ts';
import type { Waits } from './waits.ts';

/**
 * Makes a call again until it succeeds. `what` names it in the log.
 * @param of what it is made of; ClickHouse unless told
 */
export type Persist = <T>(
  what: string,
  call: () => Promise<T>,
  signal: AbortSignal,
  of?: string,
) => Promise<T>;

export interface PersistenceOptions {
  readonly waits: Waits;
  readonly logger: Pick<Logger, 'debug'>;
  /** Whether the error of such a call is a verdict; trying again is no use then. Never, unless told. */
  readonly isVerdict?: (what: string, error: unknown) => boolean;
  /** Told how long a call took that succeeded, with all that failed before it. */
  readonly onDone?: (what: string, seconds: number) => void;
}

/** Waits with full jitter, for ever: an answer that does not come is no verdict. */
export function persistence({ waits, logger, isVerdict = () => false, onDone }: PersistenceOptions): Persist {
  return async (what, call, signal, of = 'ClickHouse') => {
    const waiting = waits.expect(of, `${of} has not answered yet (${what})`);
    const began = performance.now();
    try {
      const result = await pRetry(call, {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: 200,
        maxTimeout: 10_000,
        randomize: true,
        signal,
        shouldRetry: ({ error }) => !(error instanceof OperatorError) && !isVerdict(what, error),
        onFailedAttempt: ({ error, attemptNumber }) => {
          if (signal.aborted || error instanceof OperatorError || isVerdict(what, error)) return;
          const { on, sentence } = blame(error, of);
          waiting.because(`${sentence} (${what})`, on);
          logger.debug({ what, attempt: attemptNumber, error: error.message }, 'failed; trying again');
        },
      });
      onDone?.(what, (performance.now() - began) / 1000);
      return result;
    } finally {
      waiting.end();
    }
  };
}
