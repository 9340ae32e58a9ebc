import type { Logger } from 'pino';

import { createSchemas, type ReportOptions } from '../schemas/index.ts';
import type { OutRecord } from '../runtime/kafka/producer.ts';
import type { Waits } from '../runtime/process/waits.ts';
import { systemClock, type Clock } from './delivery/clock.ts';
import { DeliveryQueue } from './delivery/delivery-queue.ts';
import { DeliveryError } from './delivery/errors.ts';
import type { DeliveryLimits } from './delivery/limits.ts';
import { asError, isFinal, pauseAfter } from './delivery/retry.ts';
import { createTopicLink, type TopicLink } from './delivery/topic-link.ts';
import type { ReportEncoderOptions } from './report-encoder.ts';

export interface PublisherOptions extends ReportOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly topic: string;
  /** How many partitions the topic was made with. */
  readonly partitions: number;
  readonly schemaRegistryUrl?: string | undefined;
  readonly limits: DeliveryLimits;
  readonly logger: Logger;
  /** Say that Kafka is away, once; unless told, the log has each attempt that failed. */
  readonly waits?: Waits;
  /** Called when an attempt to send failed and another follows; beside the log. */
  readonly onRetry?: (error: Error) => void;
}

const DISCONNECT_MS = 2000;

/** What every way of publishing shares: encoding, the queue of records, and the link to the topic. */
export class Publisher {
  readonly queue: DeliveryQueue;
  readonly #options: PublisherOptions;
  readonly #link: TopicLink;
  readonly #clock: Clock = systemClock;
  #encoding: ReportEncoderOptions | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#link = createTopicLink(options);
    this.queue = new DeliveryQueue({
      limits: options.limits,
      send: (records: readonly OutRecord[]) => this.#link.send(records),
      onRetry: (error, attempt) => {
        const { topic, logger, waits, onRetry } = options;
        const fields = { topic, step: 'send', attempt, reason: error.message };
        logger[waits === undefined ? 'warn' : 'debug'](fields, 'trying again');
        onRetry?.(error);
      },
    });
  }

  /**
   * Connects, checks the topic and learns the schema's id; need not be called.
   * @param timeoutMs how long it tries
   * @throws {DeliveryError} naming the way out
   */
  async open(timeoutMs = this.#options.limits.timeoutMs): Promise<void> {
    const deadline = this.#clock.now() + timeoutMs;
    await this.#until(deadline, () => this.#link.open());
    await this.#learnEncoding(deadline);
  }

  /** Asks Kafka at this moment whether it is there and the topic is the recorded one. @throws what is wrong */
  check(): Promise<void> {
    return this.#link.check();
  }

  /** What {@link encode} needs; asks the registry at most once. Kafka need not be there. @throws {DeliveryError} */
  async #learnEncoding(deadline: number): Promise<ReportEncoderOptions> {
    const { topic, partitions, chanCustom, mapStatus, schemaRegistryUrl } = this.#options;
    const schemas = createSchemas({ registryUrl: schemaRegistryUrl });
    const schemaId = await this.#until(deadline, () => schemas.encodingId(topic));
    return (this.#encoding ??= {
      partitions,
      schemaId,
      ...(chanCustom !== undefined && { chanCustom }),
      ...(mapStatus !== undefined && { mapStatus }),
    });
  }

  /** Resolves when reports can be encoded and there is room for their records. @throws {DeliveryError} if not until `deadline` */
  async ready(deadline: number): Promise<ReportEncoderOptions> {
    await this.queue.room(deadline);
    return this.#encoding ?? this.#learnEncoding(deadline);
  }

  /** Sends all that waits, then disconnects. A broker that answers no more does not hold it up. */
  async close(): Promise<void> {
    await this.queue.close();
    const disconnected = new AbortController();
    const patience = this.#clock.wait(DISCONNECT_MS, disconnected.signal);
    await Promise.race([this.#link.close(), patience]).finally(() => disconnected.abort());
  }

  async #until<T>(deadline: number, attempt: () => Promise<T>): Promise<T> {
    for (let count = 1; ; count += 1) {
      try {
        return await attempt();
      } catch (thrown) {
        const error = asError(thrown);
        const pause = pauseAfter(count, Math.random());
        if (isFinal(error) || this.#clock.now() + pause > deadline) {
          throw new DeliveryError(error.message, { cause: error });
        }
        await this.#clock.wait(pause);
      }
    }
  }
}
