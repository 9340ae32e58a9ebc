import type { TopicSpec } from '../../runtime/kafka/admin.ts';

export interface TopicSettings {
  readonly KAFKA_PARTITIONS: number;
  readonly KAFKA_REPLICATION: number;
  /** ms; -1 keeps records for ever */
  readonly KAFKA_RETENTION_MS: number;
}

/** What a topic must have, also a living one: the exactness of the figures rests on it. */
export const REQUIRED = {
  'cleanup.policy': 'delete',
  'message.timestamp.type': 'LogAppendTime',
} as const;

const FOR_EVER = { 'retention.ms': '-1', 'retention.bytes': '-1' } as const;

export const eventsSpec = (topic: string, settings: TopicSettings): TopicSpec => ({
  topic,
  partitions: settings.KAFKA_PARTITIONS,
  replication: settings.KAFKA_REPLICATION,
  config: {
    ...REQUIRED,
    ...FOR_EVER,
    'retention.ms': String(settings.KAFKA_RETENTION_MS),
    ...inSync(settings),
  },
});

/** A dead letter is its record and some headers more, so that it needs more room than any record. */
export const deadLetterSpec = (topic: string, settings: TopicSettings): TopicSpec => ({
  topic,
  partitions: 1,
  replication: settings.KAFKA_REPLICATION,
  config: { ...REQUIRED, ...FOR_EVER, 'max.message.bytes': '16777216', ...inSync(settings) },
});

/** Acknowledged means: on all replicas but one, so that one broker may be lost. */
const inSync = ({ KAFKA_REPLICATION: replicas }: TopicSettings) => ({
  'min.insync.replicas': String(Math.max(1, replicas - 1)),
});

/** What a person types to change a setting of a living topic. */
export const alterTopic = (brokers: readonly string[], topic: string, setting: string): string =>
  `kafka-configs.sh --bootstrap-server ${brokers.join(',')} --alter --entity-type topics --entity-name ${topic} --add-config ${setting}`;
