import { pino } from 'pino';

import { BufferPool } from '../../runtime/bytes/growable.ts';
import { clickhouseSettings } from '../../runtime/clickhouse/settings.ts';
import { createClickHouse } from '../../runtime/clickhouse/client.ts';
import { createKafka } from '../../runtime/kafka/client.ts';
import { kafkaSettings } from '../../runtime/kafka/settings.ts';
import { parseSettings } from '../../runtime/process/settings.ts';
import { avroType } from '../../schemas/coupon_order/avro-types.ts';
import { FOLDED_TYPE } from '../../schemas/coupon_order/folded.ts';
import { TOPIC } from '../../schemas/coupon_order/topic.ts';
import { V1 } from '../../schemas/coupon_order/versions.ts';
import { FRAME_BYTES, type FoldedValue } from '../../schemas/index.ts';
import { RoughBatch, type States } from './batch.ts';

const RECORDS_PER_INSERT = 131_072;

// A reader without fields reads over everything, and so proves where a value ends.
const NOTHING = avroType('{"type":"record","name":"CouponOrder","namespace":"kaquan","fields":[]}');
const SKIP = NOTHING.createResolver(V1.type);
const FOLDED = FOLDED_TYPE.createResolver(V1.type);

/**
 * The rough lane: what has to be done to every event at the least, in one process. It looks nothing up, checks neither key
 * nor times nor bounds, stores no places, fills no index, and commits nothing; it ends after `records` of them.
 */
async function main(group: string, records: number): Promise<void> {
  const settings = parseSettings({ ...kafkaSettings, ...clickhouseSettings }, process.env);
  const kafka = createKafka({
    brokers: settings.KAFKA_BROKERS,
    clientId: group,
    logger: pino({ level: 'silent' }),
  });
  const clickhouse = createClickHouse({
    url: settings.CLICKHOUSE_URL,
    user: settings.CLICKHOUSE_USER,
    password: settings.CLICKHOUSE_PASSWORD,
    clientName: 'rough',
  });
  const consumer = kafka.consumer({ groupId: group, maxBytesPerPartition: 1_048_576, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  const states: States = new Map();
  const pool = new BufferPool(8);
  let batch = new RoughBatch(states, pool);
  let inserting: Promise<void> = Promise.resolve();
  let seen = 0;
  const flush = async (): Promise<void> => {
    await inserting;
    inserting = batch.insert(clickhouse);
    batch = new RoughBatch(states, pool);
  };
  const finished = new Promise<void>((resolve, reject) => {
    const take = async (values: readonly (Buffer | null)[]): Promise<void> => {
      for (const value of values) if (value !== null) batch.add(value, proven(value));
      seen += values.length;
      if (batch.records >= RECORDS_PER_INSERT || seen >= records) await flush();
      if (seen >= records) resolve();
    };
    consumer
      .run({
        autoCommit: false,
        eachBatch: ({ batch: { messages } }) => take(messages.map(({ value }) => value)).catch(reject),
      })
      .catch(reject);
  });
  await finished;
  await inserting;
  await consumer.disconnect();
  await clickhouse.close();
}

function proven(value: Buffer): FoldedValue {
  if (NOTHING.decode(value, FRAME_BYTES, SKIP).offset !== value.length) throw new Error('a value is damaged');
  return FOLDED_TYPE.decode(value, FRAME_BYTES, FOLDED).value as FoldedValue;
}

await main(process.argv[2] ?? 'rough', Number(process.argv[3]));
process.exit(0);
