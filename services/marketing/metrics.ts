import { counter, gauge, histogram, type Metrics } from '../../runtime/metrics/metrics.ts';

/** The metrics of the marketing service. */
export const marketingMetrics = {
  answers: counter(
    'kaquan_marketing_answers_total',
    'Requests that were answered, by outcome: offered, or "no marketing" because it was late, the holdings stale, or the store unavailable.',
    ['outcome'],
  ),
  refusals: counter(
    'kaquan_marketing_refusals_total',
    'Requests that were refused, by kind; `unauthorized` and `not_stored` are redemptions.',
    ['kind'],
  ),
  replays: counter(
    'kaquan_marketing_replays_total',
    'Requests whose signature came before; they are answered.',
  ),
  unknownBatches: counter(
    'kaquan_marketing_unknown_batch_coupons_total',
    'Held coupons that were left out because the catalogue does not have their batch.',
  ),
  lookUpSeconds: histogram(
    'kaquan_marketing_look_up_seconds',
    'How long look-ups of buyers took.',
    [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1],
  ),
  lookUpBuyers: histogram(
    'kaquan_marketing_look_up_buyers',
    'How many requests shared a look-up.',
    [1, 2, 5, 10, 20, 50, 100, 200],
  ),
  holdingsAge: gauge(
    'kaquan_marketing_holdings_age_seconds',
    'All that was published longer ago than this is counted in the holdings.',
  ),
} as const;

export type MarketingMetrics = Metrics<typeof marketingMetrics>;
