import type { Logger } from 'pino';

import type { Parsed } from '../../runtime/process/settings.ts';
import type { OutRecord } from '../../runtime/kafka/producer.ts';
import { Waits } from '../../runtime/process/waits.ts';
import { deadLetterTopic, TOPIC } from '../../schemas/coupon_order/topic.ts';
import { DeliveryQueue } from '../delivery/delivery-queue.ts';
import { DEFAULT_LIMITS, type DeliveryLimits } from '../delivery/limits.ts';
import { createTopicLink, type TopicLink } from '../delivery/topic-link.ts';
import { Publisher } from '../publisher.ts';
import type { ReportEncoderOptions } from '../report-encoder.ts';
import { COLLECTOR } from './dead-letters.ts';
import type { collectorSettings } from './settings.ts';

export type CollectorConfig = Parsed<typeof collectorSettings>;

/** What a request brings to Kafka. */
export interface Publishing {
  readonly records: readonly OutRecord[];
  readonly letters: readonly OutRecord[];
}

const CLIENT_ID = 'kaquan-collector';

/** The events' topic and the dead letters' topic; a request's records go to both or it failed. */
export class Publication {
  readonly #events: Publisher;
  readonly #letters: DeliveryQueue;
  readonly #lettersLink: TopicLink;

  /** Opens nothing yet. */
  constructor(
    config: CollectorConfig,
    { logger, now }: { readonly logger: Logger; readonly now: () => number },
  ) {
    const limits = limitsOf(config);
    const waits = new Waits({ logger, now });
    const link = { brokers: config.KAFKA_BROKERS, clientId: CLIENT_ID, logger, waits };
    this.#events = new Publisher({
      ...link,
      topic: TOPIC,
      partitions: config.KAFKA_PARTITIONS,
      schemaRegistryUrl: config.SCHEMA_REGISTRY_URL,
      chanCustom: config.CHAN_CUSTOM,
      limits,
    });
    this.#lettersLink = createTopicLink({ ...link, topic: deadLetterTopic(COLLECTOR), partitions: 1 });
    this.#letters = new DeliveryQueue({ limits, send: (records) => this.#lettersLink.send(records) });
  }

  /** Connects to both topics and checks them. @throws {DeliveryError} or {TopicMismatchError}, naming the way out */
  async open(): Promise<void> {
    await this.#events.open();
    await this.#lettersLink.open();
  }

  /** Asks Kafka at this moment for both topics. @throws what is wrong */
  async check(): Promise<void> {
    await Promise.all([this.#events.check(), this.#lettersLink.check()]);
  }

  /** The time until which a request that comes now is tried. */
  deadline(): number {
    return this.#events.queue.deadline();
  }

  /** What encoding needs, once there is room for more records. @throws {DeliveryError} if there is none until `deadline` */
  async ready(deadline: number): Promise<ReportEncoderOptions> {
    await this.#letters.room(deadline);
    return this.#events.ready(deadline);
  }

  /** Resolves when every record and every letter is acknowledged. @throws {DeliveryError} if one is not until `deadline` */
  async publish({ records, letters }: Publishing, deadline: number): Promise<void> {
    await Promise.all([this.#events.queue.add(records, deadline), this.#letters.add(letters, deadline)]);
  }

  /** Sends all that waits, then disconnects. */
  async close(): Promise<void> {
    await Promise.all([this.#events.close(), this.#letters.close()]);
    await this.#lettersLink.close();
  }
}

const limitsOf = (config: CollectorConfig): DeliveryLimits => ({
  ...DEFAULT_LIMITS,
  timeoutMs: config.COLLECTOR_TIMEOUT_MS,
  lingerMs: config.PRODUCE_LINGER_MS,
  queueBytes: config.PRODUCE_QUEUE_BYTES,
});
