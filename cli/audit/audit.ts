import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { KafkaAdmin } from '../../runtime/kafka/admin.ts';
import type { createKafka } from '../../runtime/kafka/client.ts';
import { readLog } from '../../runtime/kafka/log-reader.ts';
import { createSchemas } from '../../schemas/index.ts';
import { recordedTopic } from '../../sql/records.ts';
import { forgottenBefore, presentRetention } from '../../sql/retention.ts';
import { CommandError } from '../failure.ts';
import { examine } from './examination.ts';
import { auditOrders, type AuditedOrders } from './orders.ts';
import { inWindow, type Accounting, type Ledger, type Window } from './place-sql.ts';
import { AHEAD_MS } from './query.ts';
import { auditPlaces, type AuditedPlaces } from './places.ts';

export interface AuditedGroup {
  readonly group: string;
  readonly ledger: Ledger;
}

/** By group and partition, an offset. */
export type Offsets = ReadonlyMap<string, ReadonlyMap<number, number>>;

export interface AuditOptions {
  readonly clickhouse: ClickHouse;
  readonly admin: KafkaAdmin;
  readonly kafka: ReturnType<typeof createKafka>;
  readonly topic: string;
  /** The one that fills the events comes first. */
  readonly groups: readonly [AuditedGroup, ...AuditedGroup[]];
  readonly registryUrl: string | undefined;
  /** ms */
  readonly now: number;
  /** What was audited before and is not looked at again; default: nothing was. */
  readonly since?: Offsets;
  /** Offsets and orders that are looked at at once; defaults keep memory within about 200 MB. */
  readonly slices?: { readonly offsets: number; readonly orders: number };
}

/** What `kaquan audit --json` prints. */
export interface Audit {
  /** Nothing was found. */
  readonly clean: boolean;
  readonly generation: number;
  readonly places: readonly AuditedPlaces[];
  readonly unaccounted_offsets: number;
  readonly orders: AuditedOrders;
  /** Rows of states and milestones that the events do not say; at least so many. */
  readonly differences: number;
  /** Groups that never committed. */
  readonly unstarted: readonly string[];
}

const SLICES = { offsets: 1_048_576, orders: 50_000 } as const;

/**
 * Proves from the data alone that every record below the commits is accounted for, and that states and milestones are what
 * the events make them. The commits are read first: all that lies below them was stored before.
 * @returns what was found, and the offsets up to which it looked
 */
export async function audit(
  options: AuditOptions,
): Promise<{ readonly audit: Audit; readonly upTo: Offsets }> {
  const { clickhouse, admin, topic, groups, since, slices = SLICES } = options;
  const generation = await generationOf(clickhouse, topic);
  const upTo = await commitsOf(admin, topic, groups);
  const places: AuditedPlaces[] = [];
  for (const group of groups) {
    const window = windowOf(upTo.get(group.group), since?.get(group.group));
    places.push(...(await placesOf({ ...group, generation }, window, options)));
  }
  const stored = groups[0].group;
  const { eventsDays } = await presentRetention(clickhouse);
  const orders = await auditOrders(clickhouse, {
    above: above(generation, windowOf(upTo.get(stored))),
    recent:
      since && `generation = ${generation} AND ${inWindow(windowOf(upTo.get(stored), since.get(stored)))}`,
    horizon: eventsDays === undefined ? undefined : forgottenBefore(eventsDays, options.now, AHEAD_MS),
    slice: slices.orders,
  });
  const unaccounted = places.reduce((sum, partition) => sum + partition.unaccounted, 0);
  const differences = orders.differences.length;
  const unstarted = groups.map(({ group }) => group).filter((group) => (upTo.get(group)?.size ?? 0) === 0);
  return {
    upTo,
    audit: {
      clean: unaccounted === 0 && differences === 0,
      generation,
      places,
      unaccounted_offsets: unaccounted,
      orders,
      differences,
      unstarted,
    },
  };
}

async function generationOf(clickhouse: ClickHouse, topic: string): Promise<number> {
  const recorded = await recordedTopic(clickhouse, topic);
  if (recorded === undefined)
    throw new CommandError(`${topic} is not recorded in ClickHouse: run kaquan migrate first.`);
  return recorded.generation;
}

async function commitsOf(admin: KafkaAdmin, topic: string, groups: AuditOptions['groups']): Promise<Offsets> {
  const commits = new Map<string, ReadonlyMap<number, number>>();
  for (const { group } of groups) commits.set(group, await admin.committed(group, topic));
  return commits;
}

function windowOf(to: ReadonlyMap<number, number> = new Map(), from?: ReadonlyMap<number, number>): Window {
  return new Map(
    [...to].map(([partition, offset]) => [partition, { from: from?.get(partition) ?? 0, to: offset }]),
  );
}

/** The condition that an event may still be on its way through the other tables. */
const above = (generation: number, committed: Window): string =>
  `generation >= ${generation} AND NOT (generation = ${generation} AND ${inWindow(committed)})`;

async function placesOf(
  accounting: Accounting,
  window: Window,
  { clickhouse, admin, kafka, topic, registryUrl, now, slices = SLICES }: AuditOptions,
): Promise<AuditedPlaces[]> {
  const schemas = createSchemas({ registryUrl });
  const retention = await presentRetention(clickhouse);
  return auditPlaces(accounting, window, {
    clickhouse,
    read: (partition, { first, last }) => readLog(kafka, { topic, partition, from: first, to: last + 1 }),
    log: () => admin.offsets(topic),
    examine: (records) => examine(records, accounting.ledger, { clickhouse, schemas, retention, now }),
    slice: slices.offsets,
  });
}
