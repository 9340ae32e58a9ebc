import type { KafkaAdmin } from '../../runtime/kafka/admin.ts';
import { partitionFacts, type LogCheckOptions } from '../../runtime/kafka/log-checks.ts';
import {
  LogNotWholeError,
  startingOffsets,
  type PartitionFacts,
} from '../../runtime/kafka/starting-offsets.ts';
import { askMembers } from '../status/members.ts';
import { doingOf, HOLD_WAY, type Hold } from '../../sql/rebuilds.ts';
import { findingsOf, sentenceAndMend, type Finding } from './finding.ts';

const { well, wrong } = findingsOf('groups');

export interface GroupPatient extends Pick<LogCheckOptions, 'group' | 'topic' | 'accounted' | 'stored'> {
  /** Nobody has to consume. */
  readonly isUnused: boolean;
  /** The rebuild that keeps its consumers away; undefined: none does, or ClickHouse is away. */
  readonly hold: () => Promise<Hold | undefined>;
}

/** Whether a group is manned, and its commits lie inside the log. */
export async function checkGroup(admin: KafkaAdmin, patient: GroupPatient): Promise<Finding[]> {
  const { group, topic, isUnused, hold } = patient;
  const partitions = await admin.partitionCount(topic);
  if (partitions === undefined) return [];
  const { signal } = new AbortController();
  const [facts, { members }] = await Promise.all([
    partitionFacts({ ...patient, admin }, [...Array(partitions).keys()], signal),
    admin.group(group),
  ]);
  const places = oneOf(facts.flatMap((fact) => placeFindings(group, fact)));
  const readings = await askMembers(members);
  const troubles = readings.flatMap(({ name, problem, report }) => {
    const sentence = report?.alive.ok === false ? report.alive.sentence : problem;
    return sentence === undefined
      ? []
      : [wrong(`A consumer of ${group}, ${name}: ${sentence}`, 'Start it again.')];
  });
  const missing = members.length === 0 && !isUnused ? [absence(group, await hold())] : [];
  const findings = [...places, ...troubles, ...missing];
  if (findings.length > 0) return findings;
  return [well(`${group}: ${members.length} consume, and all commits lie inside the log.`)];
}

/** What befell one partition befell most of them. */
function oneOf([first, ...more]: readonly Finding[]): Finding[] {
  if (first === undefined) return [];
  if (more.length === 0) return [first];
  return [{ ...first, sentence: `${first.sentence} So it is with ${more.length} more of its partitions.` }];
}

const absence = (group: string, hold: Hold | undefined): Finding =>
  hold === undefined
    ? wrong(`Nobody consumes as the group ${group}.`, `Start kaquan consume ${group}.`)
    : wrong(`Nobody consumes as the group ${group}: ${doingOf(hold)}.`, HOLD_WAY);

/** The same that a consumer checks when it is given the partition, and refuses to run for. */
export function placeFindings(group: string, fact: PartitionFacts): Finding[] {
  try {
    startingOffsets([fact], false);
    return [];
  } catch (error) {
    if (!(error instanceof LogNotWholeError)) throw error;
    return [wrong(...sentenceAndMend(`${group}, ${error.message}`, 'Run kaquan doctor again.'))];
  }
}
