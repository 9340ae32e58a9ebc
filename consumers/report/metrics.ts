import { memberMetrics } from '../../runtime/kafka/member-metrics.ts';
import { counter, gauge, histogram, type Metrics } from '../../runtime/metrics/metrics.ts';
import type { Written } from './book.ts';
import type { ReportClient } from './client.ts';
import type { Deliveries } from './delivery.ts';

/** The metrics of a consumer of the group report. */
export const reportMetrics = {
  ...memberMetrics,
  events: counter('kaquan_report_events_total', 'Events that were decided about, by outcome.', ['outcome']),
  requestSeconds: histogram(
    'kaquan_report_request_seconds',
    'How long requests to the report API took, by the status of the answer; none: it did not answer.',
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    ['status'],
  ),
  retries: counter(
    'kaquan_report_retries_total',
    'Requests that decided nothing and were to be made again, by app.',
    ['app'],
  ),
  breakerOpen: gauge(
    'kaquan_report_breaker_open',
    '1 while an app sends nothing because its last requests failed, by app; else 0.',
    ['app'],
  ),
} as const;

export type ReportMetrics = Metrics<typeof reportMetrics>;

/** Measures every request. */
export const measuredClient = (client: ReportClient, metrics: ReportMetrics): ReportClient => ({
  async send(body, credential) {
    const began = performance.now();
    let status = 'none';
    try {
      const answer = await client.send(body, credential);
      status = String(answer.status);
      return answer;
    } finally {
      metrics.requestSeconds.observe({ status }, (performance.now() - began) / 1000);
    }
  },
  close: () => client.close(),
});

/** Counts what becomes of events. */
export const countedDeliveries = (deliveries: Deliveries, metrics: ReportMetrics): Deliveries => ({
  pack: (events) => deliveries.pack(events),
  async deliver(packed, pace, signal) {
    const sent = await deliveries.deliver(packed, pace, signal);
    for (const { outcome, events } of sent) metrics.events.inc({ outcome }, events.length);
    return sent;
  },
});

/** Counts what is written down. */
export function countWritten(metrics: ReportMetrics, { records, letters, skips }: Written): void {
  metrics.records.inc(records);
  for (const { reason } of letters) metrics.deadLetters.inc({ reason });
  for (const { reason, first, last } of skips) metrics.skips.inc({ reason }, last - first + 1);
}
