import type { PartitionLag } from '../../runtime/kafka/lag.ts';
import type { Counted, Freshness, GroupReading, StoreReading } from './readings.ts';
import { deadLetterVerdict, freshnessVerdict, lagVerdict, type Verdict } from './verdict.ts';

/** What could be read of a part, or the sentence that says why not. */
export type Part<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

export interface Gathered {
  readonly at: Date;
  readonly group: string;
  readonly topic: string;
  readonly dlq: string;
  readonly kafka: Part<GroupReading | undefined>;
  readonly store: Part<StoreReading>;
}

/** The document of `kaquan status --json`. A null is what could not be read; `problems` says why. */
export interface StatusReport {
  readonly at: string;
  /** Nothing needs a person. */
  readonly well: boolean;
  readonly problems: { readonly kafka: string | null; readonly clickhouse: string | null };
  readonly groups: readonly GroupReport[];
  /** Of what was stored in the last minute; `p50` and `p99` in ms from the broker to the store. */
  readonly freshness: (Verdict & { readonly measured: Freshness | null }) | null;
}

export interface GroupReport {
  readonly group: string;
  readonly topic: string;
  readonly consumers: number | null;
  readonly lag: (Verdict & LagReport) | null;
  readonly deadLetters: (Verdict & CountReport) | null;
  readonly skips: CountReport | null;
}

export interface LagReport {
  readonly events: number | null;
  readonly seconds: number | null;
  readonly partitions: readonly PartitionLag[];
}

export interface CountReport {
  readonly total: number;
  readonly reasons: Readonly<Record<string, number>>;
}

export function reportOf({ at, group, topic, dlq, kafka, store }: Gathered): StatusReport {
  const lag = kafka.ok ? lagReport(group, kafka.value) : null;
  const deadLetters = store.ok ? counts(store.value.deadLetters, group) : null;
  const freshness = store.ok
    ? { ...freshnessVerdict(store.value.freshness), measured: store.value.freshness }
    : null;
  const letters = deadLetters && { ...deadLetterVerdict(deadLetters.total, dlq), ...deadLetters };
  return {
    at: at.toISOString(),
    well: [lag, letters, freshness].every((verdict) => verdict?.well === true),
    problems: {
      kafka: kafka.ok ? null : kafka.problem,
      clickhouse: store.ok ? null : store.problem,
    },
    groups: [
      {
        group,
        topic,
        consumers: kafka.ok ? (kafka.value?.consumers ?? 0) : null,
        lag,
        deadLetters: letters,
        skips: store.ok ? counts(store.value.skips, group) : null,
      },
    ],
    freshness,
  };
}

function lagReport(group: string, reading: GroupReading | undefined): Verdict & LagReport {
  const lag = reading?.lag;
  return {
    ...lagVerdict(group, reading),
    events: lag?.records ?? null,
    seconds: lag?.seconds ?? null,
    partitions: lag?.partitions ?? [],
  };
}

function counts(counted: readonly Counted[], group: string): CountReport {
  const own = counted.filter((count) => count.group === group);
  return {
    total: own.reduce((sum, { count }) => sum + count, 0),
    reasons: Object.fromEntries(own.map(({ reason, count }) => [reason, count])),
  };
}
