import type {
  CountReport,
  GroupReport,
  HeldReport,
  LagReport,
  MemberSummary,
  RebalancesReport,
  StatusReport,
  WaitReport,
} from './document.ts';
import { doingOf, type Hold } from '../../sql/rebuilds.ts';
import type { MemberReading } from './members.ts';
import type { Counted, GroupReading, StoreReading } from './readings.ts';
import { deadLetterVerdict, freshnessVerdict, lagVerdict, type Verdict } from './verdict.ts';
import { overallVerdict } from './overall.ts';

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
  /** By group, consumers that were found without Kafka; only when it is away. */
  readonly strays?: ReadonlyMap<string, readonly MemberReading[]>;
}

export function reportOf(gathered: Gathered): StatusReport {
  const { at, kafka, store } = gathered;
  const groups = gathered.groups.map((known) => groupReport(known, gathered));
  const freshness = store.ok
    ? { ...freshnessVerdict(store.value.freshness), measured: store.value.freshness }
    : null;
  const problems = {
    kafka: kafka.ok ? null : kafka.problem,
    clickhouse: store.ok ? null : store.problem,
  };
  const verdict = overallVerdict({ problems, groups, freshness });
  return { at: at.toISOString(), well: verdict.well, verdict: verdict.sentence, problems, groups, freshness };
}

function groupReport(known: KnownGroup, { at, topic, kafka, store, strays }: Gathered): GroupReport {
  const { group, dlq, unused } = known;
  const letters = store.ok ? counts(store.value.deadLetters, group) : null;
  const reading = kafka.ok ? kafka.value.get(group) : undefined;
  const members = reading?.members ?? strays?.get(group) ?? [];
  const hold = store.ok && store.value.hold?.groups.includes(group) === true ? store.value.hold : undefined;
  return {
    group,
    topic,
    unused: unused !== undefined && members.length === 0,
    consumers: kafka.ok ? members.length : null,
    rebalancing: reading?.isRebalancing ?? null,
    lag: kafka.ok ? lagReport(known, reading, hold) : null,
    commitAgeSeconds:
      reading?.committedAt === undefined ? null : Math.max(0, at.getTime() - reading.committedAt) / 1000,
    waits: members.flatMap((member) => waitsOf(member, at)).sort((a, b) => b.seconds - a.seconds),
    held: hold === undefined ? null : heldReport(hold, at),
    rebalances: rebalancesOf(members, at),
    members: members.map(summaryOf),
    deadLetters: letters && { ...deadLetterVerdict(letters.total, dlq), ...letters },
    skips: store.ok ? counts(store.value.skips, group) : null,
  };
}

const waitsOf = ({ name, report }: MemberReading, at: Date): WaitReport[] =>
  (report?.waits ?? []).map(({ on, sentence, since, isTrouble }) => ({
    consumer: name,
    on,
    sentence,
    since: new Date(since).toISOString(),
    seconds: Math.max(0, at.getTime() - since) / 1000,
    trouble: isTrouble,
  }));

const heldReport = (hold: Hold, at: Date): HeldReport => ({
  rebuild: hold.number,
  sentence: doingOf(hold),
  since: new Date(hold.since).toISOString(),
  seconds: Math.max(0, at.getTime() - hold.since) / 1000,
});

const HOUR_MS = 3_600_000;

function rebalancesOf(members: readonly MemberReading[], at: Date): RebalancesReport | null {
  const reports = members.flatMap(({ report }) => report ?? []);
  const oldest = reports.sort((a, b) => a.startedAt - b.startedAt)[0];
  if (oldest === undefined) return null;
  const since = Math.max(oldest.startedAt, at.getTime() - HOUR_MS);
  return { lastHour: oldest.rebalancesLastHour, since: new Date(since).toISOString() };
}

function summaryOf({ name, url, report, problem }: MemberReading): MemberSummary {
  const alive = report?.alive;
  return {
    name,
    url: url ?? null,
    alive: alive?.ok ?? null,
    problem: alive?.ok === false ? alive.sentence : (problem ?? null),
  };
}

function lagReport(
  { group, unused }: KnownGroup,
  reading: GroupReading | undefined,
  hold: Hold | undefined,
): Verdict & LagReport {
  const lag = reading?.lag;
  const away = unused ?? (hold && 'Its consumers stay away.');
  return {
    ...(away !== undefined && reading?.members.length === 0
      ? { well: true, sentence: away }
      : lagVerdict(group, reading)),
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
