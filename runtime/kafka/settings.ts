import { decimal, integer, list } from '../process/settings.ts';

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

/** Settings of every consumer group. */
export const groupSettings = {
  KAFKA_SESSION_TIMEOUT_MS: {
    default: '30000',
    schema: integer(1000, 1_800_000),
    help: 'How long a silent consumer keeps its partitions, in ms.',
  },
  LIVENESS_SECONDS: {
    default: '60',
    schema: integer(1, 86_400),
    help: 'After how many seconds without progress a consumer that is behind, and waits for nothing, is not alive (/livez).',
  },
  BRAKE_WINDOW: {
    default: '1000',
    schema: integer(1, 1_000_000),
    help: 'The last records of a partition that the brake looks at; it stops the group when too many became dead letters.',
  },
  BRAKE_SHARE: {
    default: '0.95',
    schema: decimal(0.01, 1),
    help: 'The share of dead letters among them at which the group stops.',
  },
} as const;
