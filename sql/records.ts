import { ClickHouseError, type ClickHouse } from '../runtime/clickhouse/client.ts';

export interface RecordedTopic {
  readonly topic: string;
  /** Unique among all topics ever recorded, so that places of one never meet those of another. */
  readonly generation: number;
  readonly partitions: number;
}

/** UNKNOWN_TABLE and UNKNOWN_DATABASE: nothing was ever migrated, so nothing is recorded. */
const NEVER_MIGRATED: ReadonlySet<number> = new Set([60, 81]);

/** What was recorded last of `topic`; undefined when it never was, or when the store was never migrated. */
export async function recordedTopic(
  clickhouse: ClickHouse,
  topic: string,
): Promise<RecordedTopic | undefined> {
  const sql = `
    SELECT topic, generation, partitions FROM kaquan_store.topics
    WHERE topic = {topic:String} ORDER BY generation DESC LIMIT 1`;
  return firstRow<RecordedTopic>(clickhouse, sql, { topic });
}

/**
 * Records a new topic, or one that was created again under its old name, and gives it the next generation; the very
 * first is 1. Call it before the topic is created (a generation that is never used harms nobody, a topic without one
 * does) and, where two may call at once, under `withStoreLock`.
 */
export async function recordTopic(
  clickhouse: ClickHouse,
  { topic, partitions }: { topic: string; partitions: number },
): Promise<number> {
  const last = await firstRow<{ generation: number }>(
    clickhouse,
    'SELECT max(generation) AS generation FROM kaquan_store.topics',
  );
  const generation = (last?.generation ?? 0) + 1;
  await clickhouse.command(
    `INSERT INTO kaquan_store.topics (topic, generation, partitions)
     SELECT {topic:String}, {generation:UInt32}, {partitions:UInt32}`,
    { params: { topic, generation, partitions } },
  );
  return generation;
}

/** The value recorded last of a fact such as `fold_version`; undefined when there is none, or no migrated store. */
export async function recordedFact(clickhouse: ClickHouse, name: string): Promise<string | undefined> {
  const sql = `
    SELECT value FROM kaquan_store.facts
    WHERE name = {name:String} ORDER BY recorded_at DESC LIMIT 1`;
  return (await firstRow<{ value: string }>(clickhouse, sql, { name }))?.value;
}

export async function recordFact(clickhouse: ClickHouse, name: string, value: string): Promise<void> {
  await clickhouse.command(
    'INSERT INTO kaquan_store.facts (name, value) SELECT {name:String}, {value:String}',
    { params: { name, value } },
  );
}

/** undefined: no row, or no such table. */
export async function firstRow<Row>(
  clickhouse: ClickHouse,
  sql: string,
  params: Record<string, unknown> = {},
): Promise<Row | undefined> {
  try {
    return (await clickhouse.query<Row>(sql, { params }))[0];
  } catch (error) {
    if (error instanceof ClickHouseError && NEVER_MIGRATED.has(error.code)) return undefined;
    throw error;
  }
}
