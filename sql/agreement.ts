import type { ClickHouse } from '../runtime/clickhouse/client.ts';
import type { KafkaAdmin } from '../runtime/kafka/admin.ts';
import { checkPartitionCount } from '../runtime/kafka/log-checks.ts';
import { OperatorError } from '../runtime/process/operator-error.ts';
import { recordedTopic, type RecordedTopic } from './records.ts';

export interface Agreement {
  readonly topic: string;
  /** The partition count of the settings. */
  readonly partitions: number;
  /** Topics that have to be there too. */
  readonly others: readonly string[];
}

/** What migrate recorded of a topic, if a group may run on it. @throws {OperatorError} naming what is to be done first */
export async function agreedTopic(
  clickhouse: ClickHouse,
  admin: KafkaAdmin,
  { topic, partitions, others }: Agreement,
): Promise<RecordedTopic> {
  const recorded = await recordedTopic(clickhouse, topic);
  if (recorded === undefined)
    throw new OperatorError(`${topic} is not recorded in ClickHouse: run \`kaquan migrate\` first.`);
  if (recorded.partitions !== partitions) {
    throw new OperatorError(
      `KAFKA_PARTITIONS is ${partitions}, but ${recorded.partitions} partitions are recorded for ${topic}: ` +
        `set KAFKA_PARTITIONS=${recorded.partitions}, or, if the topic has ${partitions} partitions by now, run \`kaquan rebuild orders\`.`,
    );
  }
  for (const needed of [topic, ...others]) {
    if ((await admin.partitionCount(needed)) === undefined)
      throw new OperatorError(`there is no topic ${needed}: run \`kaquan migrate\` first.`);
  }
  // An assignment checks it too, but one that has nothing to catch up on may end before it is assigned anything.
  await checkPartitionCount(admin, topic, recorded.partitions);
  return recorded;
}
