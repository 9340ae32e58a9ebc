import { startGauge, type Gauge } from '../../runtime/process/gauge.ts';

/** How fresh the holdings are. */
export interface Freshness extends Pick<Gauge<unknown>, 'ready' | 'stop'> {
  /** ms: all that was published longer ago than this is counted. Infinity: nobody knows yet. */
  readonly age: () => number;
}

export interface FreshnessOptions {
  /** How long ago the oldest record was published that is not counted yet, ms; 0 if all are. */
  readonly behind: () => Promise<number>;
  readonly everyMs: number;
  /** ms since 1970 */
  readonly now: () => number;
}

/**
 * Asks again and again how far the holdings are behind the topic. As long as nobody answers, what was known grows old: an idle
 * topic is fresh, one that is out of reach becomes stale.
 */
export function watchFreshness({ behind, everyMs, now }: FreshnessOptions): Freshness {
  const countedUntil = startGauge(
    async () => {
      const asked = now();
      return asked - (await behind());
    },
    everyMs,
    everyMs,
  );
  return {
    ready: countedUntil.ready,
    age: () => Math.max(0, now() - (countedUntil.latest() ?? Number.NEGATIVE_INFINITY)),
    stop: () => countedUntil.stop(),
  };
}
