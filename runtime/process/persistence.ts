import pRetry from 'p-retry';
import type { Logger } from 'pino';

import { OperatorError } from './operator-error.ts';

/** Makes a call again until it succeeds. `what` names it in the log. */
export type Persist = <T>(what: string, call: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/**
 * Waits with full jitter, for ever: an answer that does not come is no verdict.
 * @param isVerdict whether the error of such a call is one; trying again is no use then
 */
export function persistence(
  logger: Logger,
  isVerdict: (what: string, error: unknown) => boolean = () => false,
): Persist {
  return (what, call, signal) =>
    pRetry(call, {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 200,
      maxTimeout: 10_000,
      randomize: true,
      signal,
      shouldRetry: ({ error }) => !(error instanceof OperatorError) && !isVerdict(what, error),
      onFailedAttempt: ({ error, attemptNumber }) => {
        if (signal.aborted) return;
        const alarm = attemptNumber >= 5;
        logger[alarm ? 'error' : 'warn'](
          { what, attempt: attemptNumber, alarm, error: error.message },
          'not stored yet; trying again',
        );
      },
    });
}
