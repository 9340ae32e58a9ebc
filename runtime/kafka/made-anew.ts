import type { KafkaAdmin, PartitionOffsets } from './admin.ts';

/** A record's place and its timestamp, ms. */
export interface StoredRecord {
  readonly offset: number;
  readonly time: number;
}

/**
 * Partitions whose log is another one than that of which records are stored: its first record is later than a stored one
 * at a place behind it.
 * @param stored by partition, a late record as it was stored
 */
export async function madeAnew(
  admin: Pick<KafkaAdmin, 'offsetsAt'>,
  topic: string,
  log: ReadonlyMap<number, PartitionOffsets>,
  stored: ReadonlyMap<number, StoredRecord>,
): Promise<ReadonlySet<number>> {
  const found = new Set<number>();
  for (const [partition, { offset, time }] of stored) {
    const { start, end } = log.get(partition) ?? { start: 0, end: 0 };
    if (offset < start || end === start) continue;
    const firstLater = (await admin.offsetsAt(topic, time + 1)).get(partition);
    if (firstLater === start) found.add(partition);
  }
  return found;
}
