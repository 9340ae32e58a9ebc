import { gauge, type Metrics } from '../../runtime/metrics/metrics.ts';
import type { Audit } from './audit.ts';

/** What an audit found, for a monitor to alarm on. */
export const auditMetrics = {
  unaccounted: gauge(
    'kaquan_audit_unaccounted_offsets',
    'Offsets below the commits that are neither a stored record nor a dead letter nor a counted skip, by group; 0 is well.',
    ['group'],
  ),
  differences: gauge(
    'kaquan_audit_differences',
    'Rows of states and milestones that the stored events do not say; 0 is well.',
  ),
  finished: gauge(
    'kaquan_audit_finished_timestamp_seconds',
    'When the last audit ended, in seconds since 1970.',
  ),
} as const;

/** @param now ms */
export function tellMetrics(metrics: Metrics<typeof auditMetrics>, audit: Audit, now: number): void {
  for (const group of new Set(audit.places.map((places) => places.group))) {
    const own = audit.places.filter((places) => places.group === group);
    metrics.unaccounted.set(
      { group },
      own.reduce((sum, { unaccounted }) => sum + unaccounted, 0),
    );
  }
  metrics.differences.set(audit.differences);
  metrics.finished.set(now / 1000);
}
