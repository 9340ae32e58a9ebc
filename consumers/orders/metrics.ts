import { memberMetrics } from '../../runtime/kafka/member-metrics.ts';
import { counter, gauge, histogram, type Metrics } from '../../runtime/metrics/metrics.ts';
import type { Batch } from './batch.ts';

/** The metrics of a consumer of the group orders. */
export const ordersMetrics = {
  ...memberMetrics,
  events: counter('kaquan_orders_events_total', 'Events that were stored.'),
  batchRecords: histogram(
    'kaquan_orders_batch_records',
    'Records of a batch.',
    [1, 10, 100, 1000, 5000, 10_000, 25_000, 50_000, 100_000],
  ),
  insertedBytes: counter('kaquan_orders_inserted_bytes_total', 'Bytes of rows that were stored, by table.', [
    'table',
  ]),
  orders: counter(
    'kaquan_orders_states_total',
    'States of orders that batches began with, by where they were found: memory, store, or new (nowhere).',
    ['found'],
  ),
  cachedStates: gauge('kaquan_orders_cached_states', 'States of orders in memory.'),
} as const;

export type OrdersMetrics = Metrics<typeof ordersMetrics>;

/** Counts what a batch was; a few additions for thousands of records. @param cachedStates states in memory after it */
export function countBatch(metrics: OrdersMetrics, batch: Batch, cachedStates: number): void {
  const bytes = (rows: readonly Buffer[]): number => rows.reduce((sum, { length }) => sum + length, 0);
  metrics.records.inc(batch.records);
  metrics.batchRecords.observe(batch.records);
  metrics.stepSeconds.observe({ step: 'judge, look up, fold' }, batch.builtIn);
  for (const block of batch.events) {
    metrics.events.inc(block.events);
    metrics.insertedBytes.inc({ table: 'events' }, block.bytes);
  }
  metrics.insertedBytes.inc({ table: 'milestones' }, bytes(batch.milestones));
  metrics.insertedBytes.inc({ table: 'states' }, bytes(batch.states));
  for (const { reason } of batch.deadLetters) metrics.deadLetters.inc({ reason });
  for (const { reason, first, last } of batch.skips) metrics.skips.inc({ reason }, last - first + 1);
  const { memory, store, none } = batch.found;
  metrics.orders.inc({ found: 'memory' }, memory);
  metrics.orders.inc({ found: 'store' }, store);
  metrics.orders.inc({ found: 'new' }, none);
  metrics.cachedStates.set(cachedStates);
}
