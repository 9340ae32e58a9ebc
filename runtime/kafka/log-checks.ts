import type { Logger } from 'pino';

import { OperatorError } from '../process/operator-error.ts';
import type { KafkaAdmin } from './admin.ts';
import { madeAnew, type StoredRecord } from './made-anew.ts';
import { startingOffsets, type PartitionFacts, type Skip } from './starting-offsets.ts';

/** The number of the topic's partitions is not the recorded one: a key's history would lie in two partitions. */
export class PartitionCountError extends OperatorError {
  override readonly name = 'PartitionCountError';
}

/** The checks of the log that guard a group's assumptions: one key lies in one partition, and the log is whole. */
export interface LogChecks {
  /** Where to start each partition. @throws when the log is not whole, naming the way out */
  starts(partitions: readonly number[], signal: AbortSignal): Promise<ReadonlyMap<number, number>>;
  /** @throws {PartitionCountError} */
  partitionCount(): Promise<void>;
}

export interface LogCheckOptions {
  readonly admin: KafkaAdmin;
  readonly group: string;
  readonly topic: string;
  /** The recorded partition count. */
  readonly partitions: number;
  readonly acceptGap: boolean;
  /** By partition, the offset after the highest that the tables account for. */
  readonly accounted: (signal: AbortSignal) => Promise<ReadonlyMap<number, number>>;
  /** By partition, a record of the log as it was stored: a late one. */
  readonly stored: (signal: AbortSignal) => Promise<ReadonlyMap<number, StoredRecord>>;
  readonly recordSkips: (skips: readonly Skip[], signal: AbortSignal) => Promise<void>;
  /** Asked first at each assignment. @throws when the group may not fetch now */
  readonly mayStart: (signal: AbortSignal) => Promise<void>;
}

export function createLogChecks(options: LogCheckOptions): LogChecks {
  const { admin, topic, partitions: recorded, acceptGap, recordSkips, mayStart } = options;
  return {
    async starts(partitions, signal) {
      await mayStart(signal);
      await checkPartitionCount(admin, topic, recorded);
      const facts = await partitionFacts(options, partitions, signal);
      const { starts, skips } = startingOffsets(facts, acceptGap);
      await recordSkips(skips, signal);
      return starts;
    },
    partitionCount: () => checkPartitionCount(admin, topic, recorded),
  };
}

const PARTITION_CHECK_MS = 30_000;

/** Checks the partition count now and then, as long as the group runs. @returns how to end it */
export function watchPartitions(
  { partitionCount }: Pick<LogChecks, 'partitionCount'>,
  onFatal: (error: Error) => void,
  logger: Logger,
): () => void {
  const timer = setInterval(() => {
    partitionCount().catch((error: unknown) => {
      if (error instanceof OperatorError) onFatal(error);
      else
        logger.debug(
          { error: error instanceof Error ? error.message : String(error) },
          'partitions not checked',
        );
    });
  }, PARTITION_CHECK_MS).unref();
  return () => clearInterval(timer);
}

/** @param recorded partitions @throws {PartitionCountError} when the topic has another number of them */
export async function checkPartitionCount(admin: KafkaAdmin, topic: string, recorded: number): Promise<void> {
  const count = await admin.partitionCount(topic);
  if (count === undefined || count === recorded) return;
  throw new PartitionCountError(
    `${topic} has ${count} partitions, but ${recorded} are recorded: keys would move to other partitions. ` +
      `Set KAFKA_PARTITIONS=${count} and run \`kaquan rebuild orders\`, which gives the topic a generation of its own.`,
  );
}

/** What is known of each partition before a group may start it. */
export async function partitionFacts(
  options: Pick<LogCheckOptions, 'admin' | 'group' | 'topic' | 'accounted' | 'stored'>,
  partitions: readonly number[],
  signal: AbortSignal,
): Promise<PartitionFacts[]> {
  const { admin, group, topic, accounted, stored } = options;
  const [committed, log, next] = await Promise.all([
    admin.committed(group, topic),
    admin.offsets(topic),
    accounted(signal),
  ]);
  const facts = partitions.map((partition) => ({
    partition,
    committed: committed.get(partition),
    log: log.get(partition),
    accounted: next.get(partition),
  }));
  // Kafka forgets a group's commits with the topic; the look at the stored records is for such a group alone.
  const lost = facts.filter((fact) => fact.committed === undefined && fact.accounted !== undefined);
  if (lost.length === 0) return facts;
  const anew = await madeAnew(admin, topic, log, await stored(signal));
  return facts.map((fact) => ({ ...fact, isAnew: lost.includes(fact) && anew.has(fact.partition) }));
}
