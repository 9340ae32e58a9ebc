import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import pRetry from 'p-retry';

import { readCommitNote, type CommitNote } from './commit-note.ts';
import { addressIn, type MemberAddress } from './member-address.ts';

export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  readonly replication: number;
  /** Settings of the topic, as Kafka names them. */
  readonly config: Readonly<Record<string, string>>;
}

export interface PartitionOffsets {
  /** The first offset that the log still has. */
  readonly start: number;
  /** The offset that the next record will get. */
  readonly end: number;
}

/** A consumer of a group. */
export interface GroupMember {
  readonly id: string;
  /** Where the broker sees it. */
  readonly host: string;
  /** What it tells about itself; undefined: nothing, or the group is just being distributed. */
  readonly address: MemberAddress | undefined;
}

export interface GroupDescription {
  /** In Kafka's words: Stable, Empty, Dead, PreparingRebalance, CompletingRebalance. */
  readonly state: string;
  readonly members: readonly GroupMember[];
}

/** Reads and makes topics and groups. */
export interface KafkaAdmin {
  /** Creates the topic if it is not there. @returns whether it was created */
  ensureTopic(spec: TopicSpec): Promise<boolean>;
  /** The names of all topics. */
  topics(): Promise<string[]>;
  /** @returns undefined if there is no such topic */
  partitionCount(topic: string): Promise<number | undefined>;
  /** How many brokers the cluster has now. */
  brokers(): Promise<number>;
  /** How many of the topic's partitions have no leader, or lack a replica. */
  impaired(topic: string): Promise<number>;
  /** @returns the topic's settings, by name */
  topicConfig(topic: string): Promise<Map<string, string>>;
  /** By partition. */
  offsets(topic: string): Promise<Map<number, PartitionOffsets>>;
  /** The first offset whose record is of `time` (ms) or later, the log's end if there is none; by partition. */
  offsetsAt(topic: string, time: number): Promise<Map<number, number>>;
  /** What the group committed, by partition; a partition without a commit is left out. */
  committed(groupId: string, topic: string): Promise<Map<number, number>>;
  /** The notes that lie with the group's commits, by partition; those without one are left out. */
  notes(groupId: string, topic: string): Promise<Map<number, string>>;
  /** Sets what a group without members committed. @param offsets by partition */
  commit(groupId: string, topic: string, offsets: ReadonlyMap<number, number>): Promise<void>;
  /** When the newest of the group's commits was made, ms since 1970; undefined: nobody knows. */
  committedAt(groupId: string, topic: string): Promise<number | undefined>;
  /** How many consumers the group has at this moment. */
  members(groupId: string): Promise<number>;
  /** The group at this moment. */
  group(groupId: string): Promise<GroupDescription>;
  close(): Promise<void>;
}

const KNOWN_ERRORS = new Set(['UNKNOWN_TOPIC_OR_PARTITION']);

const typeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'type' in error && typeof error.type === 'string' ? error.type : undefined;

export async function createAdmin(kafka: Kafka): Promise<KafkaAdmin> {
  const admin = kafka.admin();
  await admin.connect();
  return {
    ensureTopic: (spec) => ensureTopic(admin, spec),
    topics: () => admin.listTopics(),
    partitionCount: (topic) => partitionCount(admin, topic),
    brokers: async () => (await admin.describeCluster()).brokers.length,
    impaired: (topic) => impaired(admin, topic),
    topicConfig: (topic) => topicConfig(admin, topic),
    offsets: (topic) => offsets(admin, topic),
    offsetsAt: (topic, time) => offsetsAt(admin, topic, time),
    committed: (groupId, topic) => fromCoordinator(() => committed(admin, groupId, topic)),
    notes: (groupId, topic) => fromCoordinator(() => notes(admin, groupId, topic)),
    commit: (groupId, topic, offsets) => fromCoordinator(() => commit(admin, groupId, topic, offsets)),
    committedAt: (groupId, topic) => fromCoordinator(() => committedAt(admin, groupId, topic)),
    members: async (groupId) => (await fromCoordinator(() => describeGroup(admin, groupId))).members.length,
    group: (groupId) => fromCoordinator(() => describeGroup(admin, groupId)),
    close: () => admin.disconnect(),
  };
}

async function ensureTopic(admin: Admin, spec: TopicSpec): Promise<boolean> {
  if ((await partitionCount(admin, spec.topic)) !== undefined) return false;
  const isCreated = await admin.createTopics({
    waitForLeaders: false,
    topics: [
      {
        topic: spec.topic,
        numPartitions: spec.partitions,
        replicationFactor: spec.replication,
        configEntries: Object.entries(spec.config).map(([name, value]) => ({ name, value })),
      },
    ],
  });
  await pRetry(() => hasLeaders(admin, spec), LEADERS);
  return isCreated;
}

// A broker says that a topic is created before it knows of it itself.
const LEADERS = { retries: 30, minTimeout: 100, factor: 1.2, maxTimeout: 1000 };

async function hasLeaders(admin: Admin, { topic, partitions }: TopicSpec): Promise<void> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const led = topics[0]?.partitions.filter(({ leader }) => leader >= 0).length ?? 0;
  if (led < partitions) throw new Error(`${led} of ${partitions} partitions of ${topic} have a leader`);
}

async function partitionCount(admin: Admin, topic: string): Promise<number | undefined> {
  // Listing first: asking for an absent topic makes kafkajs retry for seconds.
  if (!(await admin.listTopics()).includes(topic)) return undefined;
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions.length;
  } catch (error) {
    if (KNOWN_ERRORS.has(typeOf(error) ?? '')) return undefined;
    throw error;
  }
}

async function impaired(admin: Admin, topic: string): Promise<number> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const partitions = topics[0]?.partitions ?? [];
  return partitions.filter(({ leader, isr, replicas }) => leader < 0 || isr.length < replicas.length).length;
}

async function topicConfig(admin: Admin, topic: string): Promise<Map<string, string>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }],
  });
  const entries = resources[0]?.configEntries ?? [];
  return new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
}

async function offsets(admin: Admin, topic: string): Promise<Map<number, PartitionOffsets>> {
  const all = await admin.fetchTopicOffsets(topic);
  return new Map(
    all.map(({ partition, low, high }) => [partition, { start: Number(low), end: Number(high) }]),
  );
}

async function offsetsAt(admin: Admin, topic: string, time: number): Promise<Map<number, number>> {
  const all = await admin.fetchTopicOffsetsByTimestamp(topic, time);
  return new Map(all.map(({ partition, offset }) => [partition, Number(offset)]));
}

async function committed(admin: Admin, groupId: string, topic: string): Promise<Map<number, number>> {
  const [answer] = await admin.fetchOffsets({ groupId, topics: [topic] });
  const known = (answer?.partitions ?? []).map(
    ({ partition, offset }) => [partition, Number(offset)] as const,
  );
  // Kafka answers -1 for no commit; kafkajs itself commits -2 ("earliest") when it falls off the log.
  return new Map(known.filter(([, offset]) => offset >= 0));
}

async function commitNotes(
  admin: Admin,
  groupId: string,
  topic: string,
): Promise<(CommitNote & { readonly partition: number })[]> {
  const [answer] = await admin.fetchOffsets({ groupId, topics: [topic] });
  return (answer?.partitions ?? []).map(({ partition, metadata }) => ({
    partition,
    ...readCommitNote(metadata ?? ''),
  }));
}

async function commit(
  admin: Admin,
  groupId: string,
  topic: string,
  offsets: ReadonlyMap<number, number>,
): Promise<void> {
  const partitions = [...offsets].map(([partition, offset]) => ({ partition, offset: String(offset) }));
  if (partitions.length > 0) await admin.setOffsets({ groupId, topic, partitions });
}

async function notes(admin: Admin, groupId: string, topic: string): Promise<Map<number, string>> {
  const all = await commitNotes(admin, groupId, topic);
  return new Map(all.flatMap(({ partition, note }) => (note === undefined ? [] : [[partition, note]])));
}

async function committedAt(admin: Admin, groupId: string, topic: string): Promise<number | undefined> {
  const all = await commitNotes(admin, groupId, topic);
  const times = all.flatMap(({ at }) => at ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}

async function describeGroup(admin: Admin, groupId: string): Promise<GroupDescription> {
  const group = (await admin.describeGroups([groupId])).groups[0];
  return {
    state: group?.state ?? 'Unknown',
    members: (group?.members ?? []).map(({ memberId, clientHost, memberMetadata }) => ({
      id: memberId,
      host: clientHost.replace(/^\//, ''),
      address: addressIn(memberMetadata),
    })),
  };
}

const COORDINATOR_MOVES = new Set([
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_LOAD_IN_PROGRESS',
]);

/** A broker that has just started, or a group's first question, finds the coordinator still on its way; kafkajs does not wait. */
const fromCoordinator = <T>(ask: () => Promise<T>): Promise<T> =>
  pRetry(ask, {
    retries: 12,
    minTimeout: 100,
    maxTimeout: 1000,
    shouldRetry: ({ error }) => COORDINATOR_MOVES.has(typeOf(error) ?? ''),
  });
