import { TopicMismatchError } from './errors.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

/** How long to wait before attempt `attempt` + 1 (counted from 1), milliseconds. @param unit from 0 to 1, spreads the pauses of many producers */
export function pauseAfter(attempt: number, unit: number): number {
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  return pause * (0.5 + unit / 2);
}

/** Whether trying again can't help: the topic is not the one that was recorded, or the broker refuses the records themselves. */
export function isFinal(error: unknown): boolean {
  return error instanceof TopicMismatchError || isRefusal(error);
}

// Only the protocol's own errors have a type; of those the broker calls some not worth a second try.
const isRefusal = (error: unknown): boolean =>
  error instanceof Error && 'type' in error && 'retriable' in error && error.retriable === false;

export const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown));
