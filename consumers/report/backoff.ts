import {
  BrokenCircuitError,
  DelegateBackoff,
  ExponentialBackoff,
  fullJitterGenerator,
  type IBackoff,
  type IBackoffFactory,
  type IRetryBackoffContext,
} from 'cockatiel';

export interface Patience {
  /** The first pause before another attempt, ms; it doubles, with full jitter. */
  readonly firstMs: number;
  /** The longest, ms. */
  readonly mostMs: number;
}

/** Pauses that double, with full jitter. */
export function jittered({ firstMs, mostMs }: Patience): IBackoffFactory<unknown> {
  return new ExponentialBackoff({ initialDelay: firstMs, maxDelay: mostMs, generator: fullJitterGenerator });
}

type Context = IRetryBackoffContext<unknown>;

/**
 * The pauses between attempts. While the circuit breaker is open nothing is sent, and the breaker itself waits longer and
 * longer: then they only look in, so that all go on soon after the first who got through.
 */
export function pauses(patience: Patience, random: () => number): IBackoffFactory<Context> {
  const factory = jittered(patience);
  return new DelegateBackoff<Context, IBackoff<unknown>>((context, state) => {
    const { result } = context;
    if (state !== undefined && 'error' in result && result.error instanceof BrokenCircuitError)
      return { delay: random() * Math.min(patience.firstMs, patience.mostMs), state };
    const next = (state ?? factory).next(context);
    return { delay: next.duration, state: next };
  });
}
