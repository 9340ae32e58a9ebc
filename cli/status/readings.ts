import type { KafkaAdmin } from '../../runtime/kafka/admin.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { groupLag, type GroupLag } from '../../runtime/kafka/lag.ts';
import { presentHold, type Hold } from '../../sql/rebuilds.ts';
import { askMembers, type MemberReading } from './members.ts';

/** What Kafka and its consumers say of a group; undefined: there is no topic. */
export interface GroupReading {
  readonly lag: GroupLag;
  /** Whether the group is being distributed anew at this moment. */
  readonly isRebalancing: boolean;
  /** When the newest commit was made, ms since 1970; undefined: nobody knows. */
  readonly committedAt: number | undefined;
  /** Consumers of the group at this moment. */
  readonly members: readonly MemberReading[];
}

export interface Counted {
  readonly group: string;
  readonly reason: string;
  readonly count: number;
}

/** How long events that were stored in the last minute took from the broker to the store; null: none were. */
export interface Freshness {
  readonly events: number;
  /** ms */
  readonly p50: number;
  /** ms */
  readonly p99: number;
}

export interface StoreReading {
  /** Distinct places of those that were not redriven. */
  readonly deadLetters: readonly Counted[];
  /** Offsets. */
  readonly skips: readonly Counted[];
  readonly freshness: Freshness | null;
  /** The rebuild that keeps consumers away; undefined: none does. */
  readonly hold?: Hold | undefined;
}

// A person waits for it.
const PATIENCE = { timeoutMs: 10_000 };

export async function readGroup(
  admin: KafkaAdmin,
  groupId: string,
  topic: string,
  now: number,
): Promise<GroupReading | undefined> {
  if ((await admin.partitionCount(topic)) === undefined) return undefined;
  const [lag, committedAt, { state, members }] = await Promise.all([
    groupLag(admin, groupId, topic, now),
    admin.committedAt(groupId, topic),
    admin.group(groupId),
  ]);
  return { lag, committedAt, isRebalancing: state.endsWith('Rebalance'), members: await askMembers(members) };
}

export async function readStore(clickhouse: ClickHouse): Promise<StoreReading> {
  const [deadLetters, skips, freshness, hold] = await Promise.all([
    readDeadLetters(clickhouse),
    clickhouse.query<Counted>(SKIPS, PATIENCE),
    readFreshness(clickhouse),
    presentHold(clickhouse, PATIENCE),
  ]);
  return { deadLetters, skips, freshness, hold };
}

export const readDeadLetters = (clickhouse: ClickHouse): Promise<Counted[]> =>
  clickhouse.query<Counted>(DEAD_LETTERS, PATIENCE);

export async function readFreshness(clickhouse: ClickHouse): Promise<Freshness | null> {
  const [row] = await clickhouse.query<Freshness>(FRESHNESS, PATIENCE);
  return row === undefined || row.events === 0 ? null : row;
}

// A replay writes the same places again: distinct ones are counted. What was redriven waits no more; if it failed again,
// it is a dead letter of another place. Float64 arrives as a JSON number.
const DEAD_LETTERS = `
  SELECT consumer_group AS group, reason, toFloat64(uniqExact(generation, partition, offset)) AS count
  FROM kaquan_store.dead_letters
  WHERE (consumer_group, generation, partition, offset) NOT IN
      (SELECT consumer_group, generation, partition, offset FROM kaquan_store.redrives)
  GROUP BY group, reason
  ORDER BY group, count DESC, reason`;

const SKIPS = `
  SELECT consumer_group AS group, reason, toFloat64(sum(last_offset - first_offset + 1)) AS count
  FROM kaquan_store.skips FINAL
  GROUP BY group, reason
  ORDER BY group, count DESC, reason`;

const FRESHNESS = `
  SELECT
      toFloat64(count()) AS events,
      toFloat64(quantileTDigest(0.5)(took)) AS p50,
      toFloat64(quantileTDigest(0.99)(took)) AS p99
  FROM
  (
      SELECT dateDiff('millisecond', record_time, stored_at) AS took
      FROM kaquan_store.events
      WHERE stored_at > now64(3) - INTERVAL 1 MINUTE
  )
  SETTINGS max_execution_time = 10`;
