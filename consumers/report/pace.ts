import { TokenBucket } from 'limiter';

/** A limit of events per second, kept by a token bucket. */
export interface Pace {
  /** Events of one request at the most. */
  readonly arrayMax: number;
  /** Resolves when so many events may be sent. */
  clearance(events: number): Promise<void>;
}

// Of a second's events at the most, so that a burst is small beside the limit.
const BURSTS_PER_SECOND = 20;
// On their way requests move closer together: a tenth of a second's worth is left for that.
const MARGIN = 0.9;

/**
 * A bucket lets a burst through beside what drips into it: together they stay below the rate in every second.
 * @param rate events per second; undefined: no limit
 */
export function createPace(rate: number | undefined, arrayMax: number): Pace {
  if (rate === undefined) return { arrayMax, clearance: () => Promise.resolve() };
  const burst = Math.max(1, Math.min(arrayMax, Math.floor(rate / BURSTS_PER_SECOND)));
  const perSecond = Math.max(rate * MARGIN - burst, rate / 2);
  const bucket = new TokenBucket({ bucketSize: burst, tokensPerInterval: perSecond, interval: 'second' });
  return {
    arrayMax: burst,
    async clearance(events) {
      await bucket.removeTokens(events);
    },
  };
}
