import kafkajs from 'kafkajs';

/** One record as it lies in the log. */
export interface Logged {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: kafkajs.IHeaders;
}

let readers = 0;

/** A client for what tests need of Kafka; the product has its own. */
export const kafkaOf = (brokers: string): kafkajs.Kafka =>
  new kafkajs.Kafka({ brokers: brokers.split(','), clientId: 'test', logLevel: kafkajs.logLevel.NOTHING });

/** Asks or changes something of Kafka. */
export async function withAdmin<T>(brokers: string, work: (admin: kafkajs.Admin) => Promise<T>): Promise<T> {
  const admin = kafkaOf(brokers).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

export async function createTopic(brokers: string, topic: string, numPartitions: number): Promise<void> {
  const admin = kafkaOf(brokers).admin();
  await admin.connect();
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic, numPartitions, replicationFactor: 1 }],
  });
  // A topic is made before its leaders know that they are.
  while (!(await admin.fetchTopicOffsets(topic).then(Boolean, () => false))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await admin.disconnect();
}

/** All records that a topic holds now, by partition and offset. */
export async function readLog(brokers: string, topic: string): Promise<Logged[]> {
  const kafka = kafkaOf(brokers);
  const admin = kafka.admin();
  await admin.connect();
  const ends = new Map(
    (await admin.fetchTopicOffsets(topic)).map((end) => [end.partition, Number(end.high)]),
  );
  await admin.disconnect();
  const total = [...ends.values()].reduce((sum, end) => sum + end, 0);
  if (total === 0) return [];

  readers += 1;
  const consumer = kafka.consumer({ groupId: `reader-${process.pid}-${readers}` });
  const logged: Logged[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const complete = new Promise<void>((resolve, reject) => {
    // What kafkajs starts again after is no failure: the group's coordinator may be loading.
    consumer.on('consumer.crash', ({ payload }) => {
      if (!payload.restart) reject(payload.error);
    });
    const eachMessage = ({ partition, message }: kafkajs.EachMessagePayload): Promise<void> => {
      const { offset, key, value, headers = {} } = message;
      logged.push({ partition, offset: Number(offset), key: key?.toString() ?? '', value, headers });
      if (logged.length >= total) resolve();
      return Promise.resolve();
    };
    consumer.run({ eachMessage }).catch(reject);
  });
  await complete.finally(() => consumer.disconnect());
  return logged.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

/** Resolves when the topic holds more than `count` records. */
export async function grownBeyond(brokers: string, topic: string, count: number): Promise<void> {
  const admin = kafkaOf(brokers).admin();
  await admin.connect();
  const size = async (): Promise<number> =>
    (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0);
  while ((await size()) <= count) await new Promise((resolve) => setTimeout(resolve, 50));
  await admin.disconnect();
}
