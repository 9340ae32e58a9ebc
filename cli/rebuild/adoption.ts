import type { KafkaAdmin, PartitionOffsets } from '../../runtime/kafka/admin.ts';
import { madeAnew } from '../../runtime/kafka/made-anew.ts';
import { accountedOffsets, lastStoredRecords } from '../../sql/ledgers.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { RecordedTopic } from '../../sql/records.ts';
import { CommandError } from '../failure.ts';

/**
 * How the living topic differs from the recorded one, so that it needs a generation of its own: it `grew` by partitions, and
 * the groups go on where they are; or it was made `anew`, or cut, and they read it from its start.
 */
export interface Adoption {
  readonly kind: 'grown' | 'anew';
  readonly partitions: number;
}

export interface AdoptionParts {
  readonly admin: KafkaAdmin;
  readonly clickhouse: ClickHouse;
  readonly recorded: RecordedTopic;
  /** The partition count of the settings. */
  readonly partitions: number;
  /** All groups that read the topic. */
  readonly groups: readonly string[];
}

/** @returns undefined: the topic is the recorded one @throws {CommandError} naming what is to be done first */
export async function adoptionOf(parts: AdoptionParts): Promise<Adoption | undefined> {
  const { admin, recorded, partitions } = parts;
  const living = await admin.partitionCount(recorded.topic);
  if (living === undefined)
    throw new CommandError(`there is no topic ${recorded.topic}: run kaquan migrate first.`);
  if (living !== partitions)
    throw new CommandError(
      `the topic ${recorded.topic} has ${living} partitions, but KAFKA_PARTITIONS is ${partitions}: set KAFKA_PARTITIONS=${living}.`,
    );
  const log = await admin.offsets(recorded.topic);
  if (await isAnew(parts, log)) return { kind: 'anew', partitions };
  return living === recorded.partitions ? undefined : { kind: 'grown', partitions };
}

/** Whether the log lacks what was processed already, or has other records in its place. */
async function isAnew(
  { admin, clickhouse, recorded: { topic, generation, partitions }, groups }: AdoptionParts,
  log: ReadonlyMap<number, PartitionOffsets>,
): Promise<boolean> {
  if (log.size < partitions) return true;
  for (const group of groups) {
    const processed = [
      ...(await admin.committed(group, topic)),
      ...(await accountedOffsets(clickhouse, { group, generation }, {})),
    ];
    if (processed.some(([partition, offset]) => (log.get(partition)?.end ?? 0) < offset)) return true;
  }
  return (await madeAnew(admin, topic, log, await lastStoredRecords(clickhouse, generation, {}))).size > 0;
}

/** What a person is told of it. */
export const adoptionText = (
  { kind, partitions }: Adoption,
  { topic, ...recorded }: RecordedTopic,
): string =>
  kind === 'grown'
    ? `${topic} has ${partitions} partitions, and ${recorded.partitions} are recorded: it gets a generation of its own, and the groups go on where they are`
    : `${topic} was made anew or cut since it was recorded: it gets a generation of its own, and the groups read it from its start`;
