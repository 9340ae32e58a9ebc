import type { KafkaAdmin, TopicSpec } from '../../runtime/kafka/admin.ts';
import type { RecordedTopic } from '../../sql/records.ts';
import { alterTopic } from '../migrate/topic-specs.ts';
import { findingsOf, type Finding } from './finding.ts';

const { well, wrong } = findingsOf('topics');

/** What migrate recorded of a topic; undefined: nothing, or ClickHouse is away. */
export type Recorded = (topic: string) => Promise<RecordedTopic | undefined>;

/** Whether the brokers can hold what topics ask for. */
export async function checkBrokers(admin: KafkaAdmin, replication: number): Promise<Finding[]> {
  const brokers = findingsOf('brokers');
  const count = await admin.brokers();
  if (count >= replication)
    return [brokers.well(`${count} ${count === 1 ? 'broker answers' : 'brokers answer'}.`)];
  return [
    brokers.wrong(
      `KAFKA_REPLICATION is ${replication}, but the cluster has ${count} brokers.`,
      'Start the brokers that are missing, or set KAFKA_REPLICATION to what there is.',
    ),
  ];
}

/** Whether a topic is there, is as migrate makes it, and has all its replicas. */
export async function checkTopic(
  admin: KafkaAdmin,
  spec: TopicSpec,
  recorded: Recorded,
  brokers: readonly string[],
): Promise<Finding[]> {
  const { topic } = spec;
  const count = await admin.partitionCount(topic);
  if (count === undefined)
    return [wrong(`There is no topic ${topic}.`, 'Run kaquan migrate, which makes it.')];
  const findings = [
    ...partitionFindings(spec, count, await recorded(topic)),
    ...configFindings(spec, await admin.topicConfig(topic), brokers),
    ...replicaFindings(topic, await admin.impaired(topic)),
  ];
  return findings.length > 0 ? findings : [well(`${topic} is as it must be, with ${count} partitions.`)];
}

function partitionFindings(
  { topic, partitions }: TopicSpec,
  count: number,
  recorded: RecordedTopic | undefined,
): Finding[] {
  if (recorded !== undefined && recorded.partitions !== count)
    return [
      wrong(
        `${topic} has ${count} partitions, but ${recorded.partitions} are recorded: orders' histories lie in two partitions each.`,
        `Set KAFKA_PARTITIONS=${count} everywhere and run kaquan rebuild orders, which gives the topic a generation of its own.`,
      ),
    ];
  if (count === partitions) return [];
  return [
    wrong(
      `${topic} has ${count} partitions, but KAFKA_PARTITIONS is ${partitions}.`,
      `Set KAFKA_PARTITIONS=${count} everywhere; partitions never change on a living topic.`,
    ),
  ];
}

function configFindings(
  { topic, config }: TopicSpec,
  living: ReadonlyMap<string, string>,
  brokers: readonly string[],
): Finding[] {
  return Object.entries(config)
    .filter(([name, value]) => living.get(name) !== value)
    .map(([name, value]) =>
      wrong(
        `${topic} has ${name}=${living.get(name) ?? ''}, and it must be ${value}.`,
        alterTopic(brokers, topic, `${name}=${value}`) +
          (name === 'retention.ms' && !topic.includes('.dlq.') ? ' (or set KAFKA_RETENTION_MS).' : '.'),
      ),
    );
}

function replicaFindings(topic: string, impaired: number): Finding[] {
  if (impaired === 0) return [];
  return [
    wrong(
      `${impaired} partitions of ${topic} have no leader, or lack a replica.`,
      'Start the brokers that are away.',
    ),
  ];
}
