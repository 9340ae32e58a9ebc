import { z } from 'zod';

import { CommandError } from '../failure.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { KafkaAdmin } from '../../runtime/kafka/admin.ts';
import { EARLIER_GENERATION, skipRows, type LedgerOwner } from '../../sql/ledgers.ts';
import { recordedFact, recordedTopic, recordFact, recordTopic } from '../../sql/records.ts';
import { UNHURRIED } from '../audit/query.ts';
import { shadowOf, uuidOf, type Rebuilt } from './shadows.ts';

const offsets = z.array(z.tuple([z.number(), z.number()]));
const groupOffsets = z.array(z.object({ group: z.string(), offsets }));

const exchangePlan = z.object({
  group: z.string(),
  topic: z.string(),
  /** What the group had committed when the shadows were whole. */
  committed: offsets,
  /** Up to where the shadows are folded: what the group is to go on from. */
  offsets,
  /** The shadows, by the table that each takes the place of. */
  tables: z.array(z.object({ table: z.enum(['events', 'milestones', 'states']), uuid: z.string() })),
  foldVersion: z.string(),
  /** The topic gets a new generation. */
  adopted: z
    .object({
      /** The generation that was recorded before. */
      after: z.number(),
      partitions: z.number(),
      /** What each group has processed under the old one, and skips under the new one. */
      processed: groupOffsets,
      /** What each group is to commit. */
      rewound: groupOffsets,
    })
    .optional(),
});

/** All that is to be done once an exchange is recorded, whoever does it. */
export type ExchangePlan = z.infer<typeof exchangePlan>;

export const readPlan = (json: string): ExchangePlan => exchangePlan.parse(JSON.parse(json));

/** The shadows as they stand now. */
export async function shadowsNow(
  clickhouse: ClickHouse,
  tables: readonly Rebuilt[],
): Promise<ExchangePlan['tables']> {
  const found: ExchangePlan['tables'] = [];
  for (const table of tables) {
    const uuid = await uuidOf(clickhouse, shadowOf(table));
    if (uuid === undefined) throw new CommandError(`kaquan_store.${shadowOf(table)} is gone: start again.`);
    found.push({ table, uuid });
  }
  return found;
}

/** Whether a table is exchanged already. */
export async function hasBegun(clickhouse: ClickHouse, { tables }: ExchangePlan): Promise<boolean> {
  for (const { table, uuid } of tables) if ((await uuidOf(clickhouse, table)) === uuid) return true;
  return false;
}

interface Ends {
  readonly clickhouse: ClickHouse;
  readonly admin: KafkaAdmin;
}

/**
 * Puts the shadows in the place of the live tables, and says so wherever it is recorded. Whoever was killed in the midst of
 * it, it is done again from the beginning: what is done already is seen.
 */
export async function exchange({ clickhouse, admin }: Ends, plan: ExchangePlan): Promise<void> {
  for (const { table, uuid } of plan.tables) {
    if ((await uuidOf(clickhouse, table)) === uuid) continue;
    await clickhouse.command(`EXCHANGE TABLES kaquan_store.${table} AND kaquan_store.${shadowOf(table)}`);
  }
  if ((await recordedFact(clickhouse, 'fold_version')) !== plan.foldVersion)
    await recordFact(clickhouse, 'fold_version', plan.foldVersion);
  if (plan.adopted !== undefined) await adopt({ clickhouse, admin }, plan.topic, plan.adopted);
  const committed = new Map(plan.committed);
  const moved = new Map(plan.offsets.filter(([partition, offset]) => committed.get(partition) !== offset));
  await admin.commit(plan.group, plan.topic, moved);
}

/** By partition, the offset after what `group` processed under an earlier generation. */
export async function earlierOffsets(
  clickhouse: ClickHouse,
  { group, generation }: LedgerOwner,
): Promise<ReadonlyMap<number, number>> {
  const rows = await clickhouse.query<{ partition: number; next: number }>(
    `SELECT partition, toFloat64(max(last_offset) + 1) AS next FROM kaquan_store.skips
     WHERE consumer_group = {group:String} AND generation = {generation:UInt32} AND reason = '${EARLIER_GENERATION}' GROUP BY partition`,
    { ...UNHURRIED, params: { group, generation } },
  );
  return new Map(rows.map(({ partition, next }) => [partition, next]));
}

async function adopt(
  { clickhouse, admin }: Ends,
  topic: string,
  { after, partitions, processed, rewound }: NonNullable<ExchangePlan['adopted']>,
): Promise<void> {
  const recorded = await recordedTopic(clickhouse, topic);
  const isDone = recorded !== undefined && recorded.generation !== after;
  const generation = isDone ? recorded.generation : await recordTopic(clickhouse, { topic, partitions });
  for (const { group, offsets: before } of processed) {
    const skips = before
      .filter(([, offset]) => offset > 0)
      .map(([partition, offset]) => ({ partition, first: 0, last: offset - 1, reason: EARLIER_GENERATION }));
    const { sql, rows } = skipRows(skips, { group, generation });
    if (skips.length > 0) await clickhouse.insert(sql, [rows], UNHURRIED);
  }
  for (const { group, offsets: to } of rewound) await admin.commit(group, topic, new Map(to));
}
