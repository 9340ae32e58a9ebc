import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { KafkaAdmin, TopicSpec } from '../../runtime/kafka/admin.ts';
import { recordedTopic, recordTopic } from '../../sql/records.ts';
import { CommandError } from '../failure.ts';
import { alterTopic, REQUIRED } from './topic-specs.ts';

export interface PlacedTopic {
  readonly topic: string;
  readonly created: boolean;
  readonly partitions: number;
  /** Tells the places of this topic from those of an earlier one of the same name. */
  readonly generation: number;
}

/** @throws {CommandError} if the topic lives with another partition count than the settings or the record have */
export async function checkPartitions(
  admin: KafkaAdmin,
  clickhouse: ClickHouse,
  spec: TopicSpec,
): Promise<void> {
  const living = await admin.partitionCount(spec.topic);
  if (living === undefined) return;
  const recorded = await recordedTopic(clickhouse, spec.topic);
  if (recorded !== undefined && recorded.partitions !== living) {
    throw new CommandError(
      `the topic ${spec.topic} has ${living} partitions, but was made with ${recorded.partitions}: orders' histories now lie in ` +
        `two partitions each. Set KAFKA_PARTITIONS=${living} and run kaquan rebuild orders.`,
    );
  }
  if (living !== spec.partitions) {
    throw new CommandError(
      `the topic ${spec.topic} has ${living} partitions, but KAFKA_PARTITIONS is ${spec.partitions}; partitions never change ` +
        `on a living topic. Set KAFKA_PARTITIONS=${living}; docs/operations.md tells the way to another count.`,
    );
  }
}

/** @throws {CommandError} if the topic lives with settings under which figures could not be exact */
export async function checkConfig(
  admin: KafkaAdmin,
  topic: string,
  brokers: readonly string[],
): Promise<void> {
  if ((await admin.partitionCount(topic)) === undefined) return;
  const config = await admin.topicConfig(topic);
  for (const [name, value] of Object.entries(REQUIRED)) {
    const living = config.get(name);
    if (living === value) continue;
    throw new CommandError(
      `the topic ${topic} has ${name}=${living ?? ''}, but exact figures need ${name}=${value}. Change it with ` +
        alterTopic(brokers, topic, `${name}=${value}`),
    );
  }
}

const DAY_MS = 86_400_000;

/** @throws {CommandError} if deliveries would be forgotten while the topic still has their events: they could be sent again */
export function checkDeliveriesLedger({
  KAFKA_RETENTION_MS: retention,
  REPORT_LEDGER_TTL_DAYS: days,
}: {
  readonly KAFKA_RETENTION_MS: number;
  readonly REPORT_LEDGER_TTL_DAYS: number | undefined;
}): void {
  if (days === undefined || (retention >= 0 && retention <= days * DAY_MS)) return;
  throw new CommandError(
    `REPORT_LEDGER_TTL_DAYS=${days} forgets deliveries while the topic still has their events (KAFKA_RETENTION_MS=${retention}): ` +
      'a replay would send them again. Unset it, or make it at least as long as KAFKA_RETENTION_MS.',
  );
}

/** Creates and records the topic, as far as that is not done. To be called under the store's lock. */
export async function placeTopic(
  admin: KafkaAdmin,
  clickhouse: ClickHouse,
  spec: TopicSpec,
): Promise<PlacedTopic> {
  const { topic, partitions } = spec;
  const isThere = (await admin.partitionCount(topic)) !== undefined;
  const recorded = isThere ? await recordedTopic(clickhouse, topic) : undefined;
  // First the record: a generation that is never used harms nobody, a topic without one does.
  const generation = recorded?.generation ?? (await recordTopic(clickhouse, { topic, partitions }));
  const created = await admin.ensureTopic(spec);
  return { topic, created, partitions, generation };
}
