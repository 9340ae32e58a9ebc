import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { KafkaAdmin } from '../../runtime/kafka/admin.ts';
import type { Origin } from './dead-letters.ts';
import { startingOffsets, type PartitionFacts } from './starting-offsets.ts';
import type { Store } from './store.ts';
import { OperatorError } from '../../runtime/process/operator-error.ts';

/** The number of the topic's partitions is not the recorded one: an order's history would lie in two partitions. */
export class PartitionCountError extends OperatorError {
  override readonly name = 'PartitionCountError';
}

/** The checks of the log that guard the assumptions: one order lies in one partition, and the log is whole. */
export interface LogChecks {
  /** Where to start each partition. @throws when the log is not whole, naming the way out */
  starts(partitions: readonly number[], signal: AbortSignal): Promise<ReadonlyMap<number, number>>;
  /** @throws {PartitionCountError} */
  partitionCount(): Promise<void>;
}

export interface LogCheckOptions {
  readonly admin: KafkaAdmin;
  readonly clickhouse: ClickHouse;
  readonly store: Store;
  readonly origin: Origin;
  /** The recorded partition count. */
  readonly partitions: number;
  readonly acceptGap: boolean;
  readonly timeoutMs: number;
}

export function createLogChecks(options: LogCheckOptions): LogChecks {
  const { admin, store, origin, partitions: recorded, acceptGap } = options;
  return {
    async starts(partitions, signal) {
      await checkPartitionCount(admin, origin.topic, recorded);
      const facts = await factsOf(options, partitions, signal);
      const { starts, skips } = startingOffsets(facts, acceptGap);
      await store.recordSkips(skips, signal);
      return starts;
    },
    partitionCount: () => checkPartitionCount(admin, origin.topic, recorded),
  };
}

async function checkPartitionCount(admin: KafkaAdmin, topic: string, recorded: number): Promise<void> {
  const count = await admin.partitionCount(topic);
  if (count === undefined || count === recorded) return;
  throw new PartitionCountError(
    `${topic} has ${count} partitions, but ${recorded} are recorded: keys would move to other partitions. ` +
      'Make a new topic with the new count and rebuild; do not add partitions to a living topic.',
  );
}

async function factsOf(
  { admin, clickhouse, origin, timeoutMs }: LogCheckOptions,
  partitions: readonly number[],
  signal: AbortSignal,
): Promise<PartitionFacts[]> {
  const [committed, log, accounted] = await Promise.all([
    admin.committed(origin.group, origin.topic),
    admin.offsets(origin.topic),
    clickhouse.query<{ partition: number; next: string }>(
      'SELECT partition, max(offset) + 1 AS next FROM kaquan_store.high_water ' +
        'WHERE consumer_group = {group:String} AND generation = {generation:UInt32} GROUP BY partition',
      { params: { group: origin.group, generation: origin.generation }, timeoutMs, signal },
    ),
  ]);
  const next = new Map(accounted.map((row) => [row.partition, Number(row.next)]));
  return partitions.map((partition) => ({
    partition,
    committed: committed.get(partition),
    log: log.get(partition),
    accounted: next.get(partition),
  }));
}
