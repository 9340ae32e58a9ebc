import type { Logger } from 'pino';

import { createKafka, type ConnectionEvents } from '../../runtime/kafka/client.ts';
import { createRecordProducer, type OutRecord, type RecordProducer } from '../../runtime/kafka/producer.ts';
import type { Waits } from '../../runtime/process/waits.ts';
import { systemClock, type Clock } from './clock.ts';
import { TopicMismatchError } from './errors.ts';
import { ToldOutage } from './told-outage.ts';

export interface TopicLinkOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly topic: string;
  /** How many partitions the topic was made with. */
  readonly partitions: number;
  readonly logger: Logger;
  /** Say that Kafka is away, once; unless told, the log has each attempt that failed. */
  readonly waits?: Waits;
  readonly clock?: Clock;
}

/** A connection to a topic that is opened when it is needed, and proven to be the topic that was recorded. */
export interface TopicLink {
  /** Connects and checks the topic. @throws {TopicMismatchError} or what the connection fails of */
  open(): Promise<void>;
  /** Asks the brokers at this moment, also if they were asked before. @throws as {@link open} */
  check(): Promise<void>;
  /** One attempt at publishing. Resolves when all in-sync replicas have acknowledged. */
  send(records: readonly OutRecord[]): Promise<void>;
  close(): Promise<void>;
}

const ignore = (): void => undefined;
// The call that fails of it says so.
const TOLD_OTHERWISE: ConnectionEvents = { away: ignore, rejoining: ignore };

const CHECK_MS = 60_000;
// Whoever sends tries again himself, and knows until when. Nor may kafkajs: when a partition's leader moves between two of its own tries
// to a broker that has answered already, it forgets that partition's records and reports success.
const RETRY = { initialRetryTime: 100, maxRetryTime: 1000, retries: 0 };

/** A link to a topic; nothing is opened yet. */
export function createTopicLink(options: TopicLinkOptions): TopicLink {
  const { brokers, clientId, topic, partitions, logger, waits, clock = systemClock } = options;
  const outage = waits && new ToldOutage(waits);
  const during = <T>(call: () => Promise<T>): Promise<T> => outage?.during(call) ?? call();
  let attempts = 0;
  let connecting: Promise<RecordProducer> | undefined;
  let checkedAt = -Infinity;

  const connect = async (): Promise<RecordProducer> => {
    // Without tries of its own kafkajs asks the first broker only.
    const from = attempts++ % brokers.length;
    const rotated = [...brokers.slice(from), ...brokers.slice(0, from)];
    try {
      const kafka = createKafka({
        brokers: rotated,
        clientId,
        logger,
        retry: RETRY,
        ...(outage && { told: TOLD_OTHERWISE }),
      });
      return await createRecordProducer(kafka, { topic });
    } catch (error) {
      connecting = undefined;
      throw error;
    }
  };
  const open = async (): Promise<RecordProducer> => {
    const producer = await (connecting ??= connect());
    if (clock.now() - checkedAt < CHECK_MS) return producer;
    const found = (await countOf(producer)) ?? (await countLater(producer, clock));
    if (found !== partitions) throw new TopicMismatchError(topic, found, partitions);
    checkedAt = clock.now();
    return producer;
  };
  return {
    open: async () => {
      await open();
    },
    check: async () => {
      checkedAt = -Infinity;
      await during(open);
    },
    send: (records) => during(async () => (await open()).send(records)),
    close: async () => {
      const producer = await connecting?.catch(() => undefined);
      await producer?.close();
    },
  };
}

const NEWS_MS = 1000;

// A topic that was just made is not known to all brokers at once.
async function countLater(producer: RecordProducer, clock: Clock): Promise<number | undefined> {
  await clock.wait(NEWS_MS);
  return countOf(producer);
}

async function countOf(producer: RecordProducer): Promise<number | undefined> {
  try {
    return (await producer.partitions()) || undefined;
  } catch (error) {
    if (isUnknownTopic(error)) return undefined;
    throw error;
  }
}

function isUnknownTopic(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('type' in error && error.type === 'UNKNOWN_TOPIC_OR_PARTITION') || isUnknownTopic(error.cause);
}
