import type { PartitionLag } from '../../runtime/kafka/lag.ts';
import type { Counted, Freshness, GroupReading, StoreReading } from './readings.ts';
import { deadLetterVerdict, freshnessVerdict, lagVerdict, type Verdict } from './verdict.ts';

/** What could be read of a part, or the sentence that says why not. */
export type Part<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** A group to be told of. */
export interface KnownGroup {
  readonly group: string;
  readonly dlq: string;
  /** Why nobody needs to consume, if nobody does; absent: somebody has to. */
  readonly unused?: string;
}

export interface Gathered {
  readonly at: Date;
  readonly topic: string;
  readonly groups: readonly KnownGroup[];
  /** By group. */
  readonly kafka: Part<ReadonlyMap<string, GroupReading | undefined>>;
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

export function reportOf(gathered: Gathered): StatusReport {
  const { at, kafka, store } = gathered;
  const groups = gathered.groups.map((known) => groupReport(known, gathered));
  const freshness = store.ok
    ? { ...freshnessVerdict(store.value.freshness), measured: store.value.freshness }
    : null;
  const verdicts = groups.flatMap(({ lag, deadLetters }) => [lag, deadLetters]);
  return {
    at: at.toISOString(),
    well: [...verdicts, freshness].every((verdict) => verdict?.well === true),
    problems: {
      kafka: kafka.ok ? null : kafka.problem,
      clickhouse: store.ok ? null : store.problem,
    },
    groups,
    freshness,
  };
}

function groupReport(known: KnownGroup, { topic, kafka, store }: Gathered): GroupReport {
  const { group, dlq } = known;
  const letters = store.ok ? counts(store.value.deadLetters, group) : null;
  const reading = kafka.ok ? kafka.value.get(group) : undefined;
  return {
    group,
    topic,
    consumers: kafka.ok ? (reading?.consumers ?? 0) : null,
    lag: kafka.ok ? lagReport(known, reading) : null,
    deadLetters: letters && { ...deadLetterVerdict(letters.total, dlq), ...letters },
    skips: store.ok ? counts(store.value.skips, group) : null,
  };
}

function lagReport({ group, unused }: KnownGroup, reading: GroupReading | undefined): Verdict & LagReport {
  const lag = reading?.lag;
  const isUnused = unused !== undefined && reading?.consumers === 0;
  return {
    ...(isUnused ? { well: true, sentence: unused } : lagVerdict(group, reading)),
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
