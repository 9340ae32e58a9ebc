import type { KafkaAdmin, PartitionOffsets } from '../../runtime/kafka/admin.ts';
import { askMembers } from '../status/members.ts';
import { findingsOf, type Finding } from './finding.ts';

const { well, wrong } = findingsOf('groups');

export interface GroupPatient {
  readonly group: string;
  readonly topic: string;
  /** Nobody has to consume. */
  readonly isUnused: boolean;
  /** By partition, the offset after the highest that the tables account for; undefined: ClickHouse is away. */
  readonly accounted: () => Promise<ReadonlyMap<number, number> | undefined>;
}

/** Whether a group is manned, and its commits lie inside the log. */
export async function checkGroup(admin: KafkaAdmin, patient: GroupPatient): Promise<Finding[]> {
  const { group, topic, isUnused, accounted } = patient;
  if ((await admin.partitionCount(topic)) === undefined) return [];
  const [log, commits, tables, { members }] = await Promise.all([
    admin.offsets(topic),
    admin.committed(group, topic),
    accounted(),
    admin.group(group),
  ]);
  const places = [...log].flatMap(([partition, offsets]) =>
    placeFindings(group, {
      partition,
      offsets,
      committed: commits.get(partition),
      accounted: tables?.get(partition),
    }),
  );
  const readings = await askMembers(members);
  const troubles = readings.flatMap(({ name, problem, report }) => {
    const sentence = report?.alive.ok === false ? report.alive.sentence : problem;
    return sentence === undefined
      ? []
      : [wrong(`A consumer of ${group}, ${name}: ${sentence}`, 'Start it again.')];
  });
  const missing =
    members.length === 0 && !isUnused
      ? [wrong(`Nobody consumes as the group ${group}.`, `Start kaquan consume ${group}.`)]
      : [];
  const findings = [...places, ...troubles, ...missing];
  if (findings.length > 0) return findings;
  return [well(`${group}: ${members.length} consume, and all commits lie inside the log.`)];
}

interface PlaceFacts {
  readonly partition: number;
  readonly offsets: PartitionOffsets;
  readonly committed: number | undefined;
  readonly accounted: number | undefined;
}

/** The same that a consumer checks when it is given the partition, and would refuse to run for. */
export function placeFindings(
  group: string,
  { partition, offsets, committed, accounted }: PlaceFacts,
): Finding[] {
  const { start, end } = offsets;
  const where = `${group}, partition ${partition}:`;
  const known = Math.max(committed ?? 0, accounted ?? 0);
  if (known > end)
    return [
      wrong(
        `${where} the log ends at ${end}, but ${known} was already processed: the topic was made anew or cut, or the commit was moved.`,
        committed !== undefined && committed > end && (accounted ?? 0) <= end
          ? `Stop the group, and set its commit of this partition back to ${accounted ?? start} (kafka-consumer-groups.sh --reset-offsets).`
          : 'Delete the topic and run kaquan migrate, which makes it anew with a generation of its own.',
      ),
    ];
  if (committed !== undefined && committed < start)
    return [
      wrong(
        `${where} retention removed offsets ${committed} to ${start - 1} before they were processed.`,
        'Start the group with --accept-gap to go on without them, or rebuild; then keep records longer (KAFKA_RETENTION_MS).',
      ),
    ];
  return [];
}
