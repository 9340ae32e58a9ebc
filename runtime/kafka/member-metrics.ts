import { counter, gauge, histogram, type Metrics } from '../metrics/metrics.ts';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** The metrics of every member of a consumer group. */
export const memberMetrics = {
  partitions: gauge('kaquan_consumer_partitions', 'Partitions that this consumer has.'),
  committed: gauge(
    'kaquan_consumer_committed_offset',
    'The next offset to commit, by partition; only of its own partitions.',
    ['partition'],
  ),
  lag: gauge(
    'kaquan_consumer_lag_events',
    'Records between the commit and the end of the log, by partition; only of its own partitions.',
    ['partition'],
  ),
  commits: counter('kaquan_consumer_commits_total', 'Commits that the broker acknowledged.'),
  lastCommit: gauge(
    'kaquan_consumer_last_commit_timestamp_seconds',
    'When the last commit was acknowledged, in seconds since 1970.',
  ),
  rebalances: counter(
    'kaquan_consumer_rebalances_total',
    'How often the group was distributed anew while this consumer was in it, its own joining included.',
  ),
  waitingSince: gauge(
    'kaquan_consumer_waiting_since_timestamp_seconds',
    'What it waits for, and since when, in seconds since 1970; absent when it waits for nothing.',
    ['on'],
  ),
  records: counter(
    'kaquan_consumer_records_total',
    'Records that are accounted for, whatever became of them.',
  ),
  deadLetters: counter('kaquan_consumer_dead_letters_total', 'Records that became dead letters, by reason.', [
    'reason',
  ]),
  skips: counter(
    'kaquan_consumer_skipped_offsets_total',
    'Offsets that hold no record for this group, by reason.',
    ['reason'],
  ),
  stepSeconds: histogram(
    'kaquan_consumer_step_seconds',
    'How long the steps of the work took, with all attempts, by step.',
    SECONDS,
    ['step'],
  ),
} as const;

export type MemberMetrics = Metrics<typeof memberMetrics>;
