import type { KafkaAdmin, PartitionOffsets } from './admin.ts';

export interface PartitionLag extends PartitionOffsets {
  readonly partition: number;
  /** The next offset that the group has not committed; the log's start without a commit. */
  readonly committed: number;
  /** Records that are not committed. */
  readonly records: number;
}

export interface GroupLag {
  readonly partitions: readonly PartitionLag[];
  readonly records: number;
  /** How old the oldest record is that is not committed, by the broker's clock, within a tenth; 0 if all are committed. */
  readonly seconds: number;
}

/** How far the group is behind the log. @param now ms, on the broker's clock */
export async function groupLag(
  admin: KafkaAdmin,
  groupId: string,
  topic: string,
  now: number,
): Promise<GroupLag> {
  const [log, commits] = await Promise.all([admin.offsets(topic), admin.committed(groupId, topic)]);
  const partitions = [...log]
    .sort(([a], [b]) => a - b)
    .map(([partition, { start, end }]): PartitionLag => {
      const committed = commits.get(partition) ?? start;
      return { partition, start, end, committed, records: Math.max(0, end - committed) };
    });
  const records = partitions.reduce((sum, partition) => sum + partition.records, 0);
  const hasOlder = async (age: number) => {
    const at = await admin.offsetsAt(topic, now - age);
    return partitions.some(({ partition, committed }) => (at.get(partition) ?? committed) > committed);
  };
  return { partitions, records, seconds: records === 0 ? 0 : (await oldestAge(hasOlder)) / 1000 };
}

const YEAR_MS = 365 * 86_400_000;

/**
 * The age of the oldest, in ms, found by asking whether there are older ones: doubling, then halving.
 * @returns an age that is right within a tenth (and a quarter of a second)
 */
export async function oldestAge(hasOlder: (age: number) => Promise<boolean>): Promise<number> {
  let above = 500;
  while (above < 10 * YEAR_MS && (await hasOlder(above))) above *= 2;
  let below = above === 500 ? 0 : above / 2;
  while (above - below > Math.max(250, above / 10)) {
    const middle = (above + below) / 2;
    if (await hasOlder(middle)) below = middle;
    else above = middle;
  }
  return above;
}
