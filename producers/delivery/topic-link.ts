import type { Logger } from 'pino';

import { createKafka } from '../../runtime/kafka/client.ts';
import { createRecordProducer, type OutRecord, type RecordProducer } from '../../runtime/kafka/producer.ts';
import { systemClock, type Clock } from './clock.ts';
import { TopicMismatchError } from './errors.ts';

export interface TopicLinkOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly topic: string;
  /** How many partitions the topic was made with. */
  readonly partitions: number;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** A connection to a topic that is opened when it is needed, and proven to be the topic that was recorded. */
export interface TopicLink {
  /** Connects and checks the topic. @throws {TopicMismatchError} or what the connection fails of */
  open(): Promise<void>;
  /** One attempt at publishing. Resolves when all in-sync replicas have acknowledged. */
  send(records: readonly OutRecord[]): Promise<void>;
  close(): Promise<void>;
}

const CHECK_MS = 60_000;
// Few: whoever sends tries again himself, and knows until when.
const RETRY = { initialRetryTime: 100, maxRetryTime: 1000, retries: 3 };

/** A link to a topic; nothing is opened yet. */
export function createTopicLink(options: TopicLinkOptions): TopicLink {
  const { brokers, clientId, topic, partitions, logger, clock = systemClock } = options;
  const kafka = createKafka({ brokers, clientId, logger, retry: RETRY });
  let connecting: Promise<RecordProducer> | undefined;
  let checkedAt = -Infinity;

  const connect = async (): Promise<RecordProducer> => {
    try {
      return await createRecordProducer(kafka, { topic });
    } catch (error) {
      connecting = undefined;
      throw error;
    }
  };
  const open = async (): Promise<RecordProducer> => {
    const producer = await (connecting ??= connect());
    if (clock.now() - checkedAt < CHECK_MS) return producer;
    const found = await countOf(producer);
    if (found !== partitions) throw new TopicMismatchError(topic, found, partitions);
    checkedAt = clock.now();
    return producer;
  };
  return {
    open: async () => {
      await open();
    },
    send: async (records) => (await open()).send(records),
    close: async () => (await connecting)?.close(),
  };
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
