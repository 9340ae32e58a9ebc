import type { Clock } from '../delivery/clock.ts';

export interface Pace {
  /** Events per second. */
  readonly rate: number;
  /** Seconds; absent: without end. */
  readonly seconds?: number | undefined;
  /** `now()` in milliseconds since 1970. */
  readonly clock: Clock;
}

const SHORTEST_WAIT_MS = 2;
// Beyond this nobody catches up: the machine slept, or somebody set its clock.
const GAP_MS = 10_000;

/**
 * The times at which something is due, evenly spaced and without drift: those that a slow machine missed follow at once. Yields
 * them in pieces, each as soon as its times have come.
 */
export async function* dueTimes(
  { rate, seconds = Infinity, clock }: Pace,
  signal: AbortSignal,
): AsyncGenerator<number[]> {
  let start = clock.now();
  const total = Math.round(rate * seconds);
  for (let done = 0, since = 0; done < total && !signal.aborted;) {
    const now = clock.now();
    const next = start + (since * 1000) / rate;
    if (Math.abs(now - next) > GAP_MS) {
      start = now;
      since = 0;
      continue;
    }
    const due = Math.min(Math.floor(((now - start) * rate) / 1000) + 1 - since, total - done);
    if (due <= 0) {
      await clock.wait(Math.max(next - now, SHORTEST_WAIT_MS), signal);
      continue;
    }
    const from = since;
    yield Array.from({ length: due }, (_, index) => Math.floor(start + ((from + index) * 1000) / rate));
    since += due;
    done += due;
  }
}
