import { counter, gauge, type Metrics } from '../../runtime/metrics/metrics.ts';

/** The collector's metrics, beside those of every HTTP service. */
export const collectorMetrics = {
  events: counter(
    'kaquan_collector_events_total',
    'Events of answered requests, by endpoint and what became of them: accepted, dead_lettered, refused, ignored (another type).',
    ['endpoint', 'outcome'],
  ),
  unreadable: counter(
    'kaquan_collector_unreadable_bodies_total',
    'Bodies that can not be read, by endpoint and what became of them: dead_lettered, refused, limited.',
    ['endpoint', 'outcome'],
  ),
  refused: counter('kaquan_collector_refused_requests_total', 'Requests that were refused, by HTTP status.', [
    'status',
  ]),
  heldBytes: gauge('kaquan_collector_held_bytes', 'Bytes of the requests that are not answered yet.'),
} as const;

export type CollectorMetrics = Metrics<typeof collectorMetrics>;
