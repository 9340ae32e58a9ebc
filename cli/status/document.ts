import type { PartitionLag } from '../../runtime/kafka/lag.ts';
import type { Freshness } from './readings.ts';
import type { Verdict } from './verdict.ts';

/** The document of `kaquan status --json`. A null is what could not be read; `problems` says why. */
export interface StatusReport {
  readonly at: string;
  /** Nothing needs a person. */
  readonly well: boolean;
  /** The one thing to do first. */
  readonly verdict: string;
  readonly problems: { readonly kafka: string | null; readonly clickhouse: string | null };
  readonly groups: readonly GroupReport[];
  /** Of what was stored in the last minute; `p50` and `p99` in ms from the broker to the store. */
  readonly freshness: (Verdict & { readonly measured: Freshness | null }) | null;
}

export interface GroupReport {
  readonly group: string;
  readonly topic: string;
  /** Whether nobody has to consume, and nobody does. */
  readonly unused: boolean;
  readonly consumers: number | null;
  readonly rebalancing: boolean | null;
  readonly lag: (Verdict & LagReport) | null;
  /** How long ago the newest commit was made, s; null: nobody knows. */
  readonly commitAgeSeconds: number | null;
  /** What its consumers wait for, as they say; the longest first. */
  readonly waits: readonly WaitReport[];
  /** The rebuild that keeps its consumers away; null: none does. */
  readonly held: HeldReport | null;
  /** As the consumer says that was there longest; null: none can be asked. */
  readonly rebalances: RebalancesReport | null;
  readonly members: readonly MemberSummary[];
  readonly deadLetters: (Verdict & CountReport) | null;
  readonly skips: CountReport | null;
}

export interface WaitReport {
  readonly consumer: string;
  readonly on: string;
  readonly sentence: string;
  readonly since: string;
  readonly seconds: number;
  readonly trouble: boolean;
}

export interface HeldReport {
  readonly rebuild: number;
  /** What the rebuild does. */
  readonly sentence: string;
  readonly since: string;
  readonly seconds: number;
}

export interface RebalancesReport {
  readonly lastHour: number;
  /** From when on it counts: the hour, or the consumer's own start. */
  readonly since: string;
}

export interface MemberSummary {
  readonly name: string;
  /** null: it serves nowhere, so that it can't be asked. */
  readonly url: string | null;
  /** null: it could not be asked. */
  readonly alive: boolean | null;
  /** Why it is not alive, or could not be asked; null: neither. */
  readonly problem: string | null;
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
