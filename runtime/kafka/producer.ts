import kafkajs, { type Kafka } from 'kafkajs';

/** A header may have several values. */
export type HeaderValue = string | Buffer | (string | Buffer)[];

export interface OutRecord {
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, HeaderValue>>;
}

/** Publishes to one topic. */
export interface RecordProducer {
  /**
   * Resolves when every record is acknowledged by all in-sync replicas; rejects when one is not (then some of them may be
   * in the log all the same: sending again is safe only for records that carry their identity).
   * Records of one call keep their order within a partition; calls are for the caller to sequence.
   */
  send(records: readonly OutRecord[]): Promise<void>;
  /** The topic's partition count, by the cluster's metadata of this moment. */
  partitions(): Promise<number>;
  close(): Promise<void>;
}

export interface RecordProducerOptions {
  readonly topic: string;
  /** How long the brokers may take to acknowledge; milliseconds. */
  readonly timeoutMs?: number;
}

export async function createRecordProducer(
  kafka: Kafka,
  { topic, timeoutMs = 30_000 }: RecordProducerOptions,
): Promise<RecordProducer> {
  // One request in flight keeps the order of a partition's records. kafkajs may not try again by itself: when a leader moves to a
  // broker that has answered already, it forgets that partition's records and reports success. The caller sends again.
  const producer = kafka.producer({
    retry: { retries: 0 },
    allowAutoTopicCreation: false,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  const admin = kafka.admin();
  await Promise.all([producer.connect(), admin.connect()]);

  return {
    async send(records) {
      for (const chunk of chunksOf(records)) {
        const messages = chunk.map(({ partition, key, value, headers }) => ({
          partition,
          key,
          value,
          ...(headers && { headers: { ...headers } }),
        }));
        await producer.send({ topic, messages, acks: -1, timeout: timeoutMs });
      }
    },
    async partitions() {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      return topics[0]?.partitions.length ?? 0;
    },
    async close() {
      await Promise.all([producer.disconnect(), admin.disconnect()]);
    },
  };
}

// kafkajs makes one record batch of all of a partition's records in a send, and brokers refuse one above 1 MiB.
const BATCH_BYTES = 900_000;
const RECORD_OVERHEAD_BYTES = 64;

function* chunksOf(records: readonly OutRecord[]): Generator<OutRecord[]> {
  let chunk: OutRecord[] = [];
  let sizes = new Map<number, number>();
  for (const record of records) {
    const size = (sizes.get(record.partition) ?? 0) + sizeOf(record);
    if (size > BATCH_BYTES && chunk.length > 0) {
      yield chunk;
      chunk = [];
      sizes = new Map();
    }
    chunk.push(record);
    sizes.set(record.partition, (sizes.get(record.partition) ?? 0) + sizeOf(record));
  }
  if (chunk.length > 0) yield chunk;
}

function sizeOf({ key, value, headers = {} }: OutRecord): number {
  const inHeaders = Object.entries(headers)
    .flatMap(([name, value]) => [value].flat().map((one) => name.length + one.length))
    .reduce((sum, size) => sum + size, 0);
  return (key?.length ?? 0) + (value?.length ?? 0) + inHeaders + RECORD_OVERHEAD_BYTES;
}
