import type { Kafka } from 'kafkajs';
import { pino } from 'pino';

import { createKafka } from '../runtime/kafka/client.ts';
import { createRecordProducer, type OutRecord } from '../runtime/kafka/producer.ts';
import { kafkaSettings } from '../runtime/kafka/settings.ts';
import { parseSettings } from '../runtime/process/settings.ts';
import { TOPIC } from '../schemas/coupon_order/topic.ts';
import { workload, type Made } from './workload.ts';

const CHUNK = 5000;

/** The Kafka of the environment; it logs nothing of its own. */
export function benchKafka(env: NodeJS.ProcessEnv): Kafka {
  const { KAFKA_BROKERS: brokers } = parseSettings(kafkaSettings, env);
  return createKafka({ brokers, clientId: 'bench', logger: pino({ level: 'silent' }) });
}

/**
 * Publishes the workload of the benchmarks. @returns how many records, duplicates included
 * @param onMade told of each of them
 */
export async function fill(
  env: NodeJS.ProcessEnv,
  events: number,
  seed: number,
  spread: number,
  onMade?: (made: Made) => void,
): Promise<number> {
  const kafka = benchKafka(env);
  const producer = await createRecordProducer(kafka, { topic: TOPIC });
  let chunk: OutRecord[] = [];
  let published = 0;
  const until = Date.now();
  for (const record of workload({
    events,
    seed,
    until,
    spread,
    partitions: parseSettings(kafkaSettings, env).KAFKA_PARTITIONS,
  })) {
    onMade?.(record);
    chunk.push(record);
    if (chunk.length < CHUNK) continue;
    await producer.send(chunk);
    published += chunk.length;
    chunk = [];
  }
  await producer.send(chunk);
  await producer.close();
  return published + chunk.length;
}
