import { z } from 'zod';

import { hostPort } from '../../runtime/http/address.ts';
import { kafkaSettings } from '../../runtime/kafka/settings.ts';
import { integer, text } from '../../runtime/process/settings.ts';
import { producerSettings } from '../settings.ts';

const { SCHEMA_REGISTRY_URL, CHAN_CUSTOM, PRODUCE_LINGER_MS, PRODUCE_QUEUE_BYTES } = producerSettings;

const yesOrNo: z.ZodType<boolean, string> = z
  .string()
  .pipe(z.enum(['no', 'yes'], 'must be yes or no'))
  .transform((word) => word === 'yes');

/** Settings of the HTTP collector. */
export const collectorSettings = {
  KAFKA_BROKERS: kafkaSettings.KAFKA_BROKERS,
  KAFKA_PARTITIONS: kafkaSettings.KAFKA_PARTITIONS,
  SCHEMA_REGISTRY_URL,
  CHAN_CUSTOM,
  PRODUCE_LINGER_MS,
  PRODUCE_QUEUE_BYTES,
  COLLECTOR_LISTEN: {
    default: '127.0.0.1:8080',
    schema: hostPort,
    help: 'Where the collector takes reports, HOST:PORT; port 0 takes a free one.',
  },
  COLLECTOR_CREDENTIALS: {
    schema: text,
    help:
      'A JSON file of the apps that may report, {"<WeChat app_id>" or "*": {"app_id", "app_secret" or "app_secret_file"}}; ' +
      'unset, /api/report takes any app and /api/v1/safe-report none.',
  },
  COLLECTOR_SKEW_S: {
    default: '300',
    schema: integer(1, 86_400),
    help: "How far a request's timestamp may be from this machine's clock, in seconds.",
  },
  COLLECTOR_NONCE_CHECK: {
    default: 'no',
    schema: yesOrNo,
    help: 'Whether a nonce counts once per app (yes or no); each process remembers its own.',
  },
  COLLECTOR_BODY_BYTES: {
    default: '4194304',
    schema: integer(1024, 8_388_608),
    help: 'The longest body that is read, in bytes.',
  },
  COLLECTOR_ARRAY_MAX: {
    default: '1000',
    schema: integer(1, 100_000),
    help: 'The most events of one request.',
  },
  COLLECTOR_RATE: {
    default: '500',
    schema: integer(0, 1_000_000),
    help: 'Requests per second of one client address; 0 sets no limit.',
  },
  COLLECTOR_UNREADABLE_RATE: {
    default: '10',
    schema: integer(1, 100_000),
    help: 'Bodies per second that can not be read and are kept as dead letters; more are told to try again.',
  },
  COLLECTOR_TRUST_PROXY: {
    default: 'no',
    schema: yesOrNo,
    help: 'Whether X-Forwarded-For tells the client address (yes or no); only behind a proxy that sets it.',
  },
  COLLECTOR_TIMEOUT_MS: {
    default: '5000',
    schema: integer(100, 600_000),
    help: 'How long Kafka may take to acknowledge before the answer is 503, in ms.',
  },
  COLLECTOR_MEMORY_BYTES: {
    default: '67108864',
    schema: integer(65_536),
    help: 'Bytes of all requests in flight together; beyond them the answer is 503.',
  },
} as const;
