import { integer, list } from '../process/settings.ts';

/** Settings of every process that speaks to Kafka. */
export const kafkaSettings = {
  KAFKA_BROKERS: {
    default: '127.0.0.1:9092',
    schema: list,
    help: 'Kafka brokers, host:port, comma-separated.',
  },
  KAFKA_PARTITIONS: {
    default: '4',
    schema: integer(1, 10_000),
    help: 'Partitions of the topic; recorded by migrate, and never changed on a living topic.',
  },
  KAFKA_RETENTION_MS: {
    default: '-1',
    schema: integer(-1),
    help: 'How long the topic keeps events, in ms; -1 keeps them for ever.',
  },
  KAFKA_REPLICATION: { default: '1', schema: integer(1, 100), help: 'Replicas of each new topic.' },
} as const;
