import { isNativeError } from 'node:util/types';
import { ClickHouseError, TransportError } from './errors.ts';

/** The end of one request: its time is up, or its caller has given it up. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Called at once if the end has come already. */
  onExpiry(listener: (reason: Error) => void): void;
  /** What to throw for an error that the request ended with; what the system says (it has a `code`) is transport. */
  judge(error: unknown): unknown;
  clear(): void;
}

/** Ends after `timeoutMs`, or when `outer` aborts. `clear` must be called, or a timer and a listener stay behind. */
export function deadlineOf(timeoutMs: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  const onTimeout = (): void =>
    controller.abort(new TransportError('timeout', `ClickHouse has not answered within ${timeoutMs} ms`));
  const onOuterAbort = (): void => controller.abort(outer?.reason);
  const timer = setTimeout(onTimeout, timeoutMs);
  if (outer?.aborted) onOuterAbort();
  else outer?.addEventListener('abort', onOuterAbort);
  return {
    signal: controller.signal,
    onExpiry(listener) {
      const tell = (): void => listener(new Error('the request was given up'));
      if (controller.signal.aborted) tell();
      else controller.signal.addEventListener('abort', tell, { once: true });
    },
    judge(error) {
      if (controller.signal.aborted) return controller.signal.reason as unknown;
      if (error instanceof ClickHouseError || !(isNativeError(error) && 'code' in error)) return error;
      return new TransportError('connection', `ClickHouse is out of reach: ${reasonOf(error)}`, error);
    },
    clear() {
      clearTimeout(timer);
      outer?.removeEventListener('abort', onOuterAbort);
    },
  };
}

/** A refused connection to a name with several addresses is an AggregateError without a message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
