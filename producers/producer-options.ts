import { pino, type Logger } from 'pino';

import { TOPIC } from '../schemas/coupon_order/topic.ts';
import type { ReportOptions } from '../schemas/index.ts';
import { DEFAULT_LIMITS } from './delivery/limits.ts';
import type { PublisherOptions } from './publisher.ts';

export interface CouponOrderProducerOptions extends ReportOptions {
  /** Kafka brokers, each `host:port`. */
  readonly brokers: readonly string[];
  /** How many partitions the topic was made with: the `KAFKA_PARTITIONS` of `kaquan migrate`. */
  readonly partitions: number;
  /** Default: `coupon_order.v1`. */
  readonly topic?: string;
  /** How Kafka's logs call this program. Default: `kaquan-producer`. */
  readonly clientId?: string;
  /** A schema registry (Confluent's REST API), such as `http://127.0.0.1:8085`. Default: ids are made from the schema. */
  readonly schemaRegistryUrl?: string | undefined;
  /** How long a report may wait for its acknowledgement before `send` rejects, milliseconds. Default: 120,000. */
  readonly deliveryTimeoutMs?: number;
  /** How long a report waits for others to share its batch, milliseconds. Default: 5. */
  readonly lingerMs?: number;
  /** How many bytes of encoded reports may wait; beyond them `send` does not read on. Default: 32 MiB. */
  readonly queueBytes?: number;
  /** Where retries are logged; never the reports. Default: nowhere. */
  readonly logger?: Logger;
  /** Called when an attempt to send failed and another one follows. */
  readonly onRetry?: (error: Error) => void;
}

// Not `enabled: false`: a child logger with a level of its own would write all the same.
const silent = pino({}, { write: () => undefined });

/** The options with their defaults. */
export function publisherOptions(options: CouponOrderProducerOptions): PublisherOptions {
  const { deliveryTimeoutMs, lingerMs, queueBytes } = options;
  return {
    clientId: 'kaquan-producer',
    topic: TOPIC,
    logger: silent,
    ...options,
    limits: {
      ...DEFAULT_LIMITS,
      ...(deliveryTimeoutMs !== undefined && { timeoutMs: deliveryTimeoutMs }),
      ...(lingerMs !== undefined && { lingerMs }),
      ...(queueBytes !== undefined && { queueBytes }),
    },
  };
}
