import { z } from 'zod';

import { httpUrl, integer } from '../runtime/process/settings.ts';

/** Settings of every process that publishes. */
export const producerSettings = {
  SCHEMA_REGISTRY_URL: {
    schema: httpUrl,
    help: "A schema registry (Confluent's REST API); unset, ids are made from the schema.",
  },
  CHAN_CUSTOM: {
    default: 'strict',
    schema: z.string().pipe(z.enum(['strict', 'hierarchical'], 'must be strict or hierarchical')),
    help: 'How chan_custom may be filled: strict (all eight fields or none) or hierarchical (down to the finest level).',
  },
  PRODUCE_DELIVERY_TIMEOUT_MS: {
    default: '120000',
    schema: integer(1000),
    help: 'How long a report may wait for Kafka to acknowledge it before sending it fails, in ms.',
  },
  PRODUCE_LINGER_MS: {
    default: '5',
    schema: integer(0, 10_000),
    help: 'How long a report waits for others to share its batch, in ms.',
  },
  PRODUCE_QUEUE_BYTES: {
    default: '33554432',
    schema: integer(1_000_000),
    help: 'How many bytes may wait for Kafka before sending waits too.',
  },
} as const;
