import { OperatorError } from '../process/operator-error.ts';
import type { PartitionOffsets } from './admin.ts';

/** Offsets that hold no record for a group: control records, what was redriven for another group, a gap that an operator accepted. */
export interface Skip {
  readonly partition: number;
  readonly first: number;
  readonly last: number;
  readonly reason: string;
}

/** What is known of one partition at its assignment. */
export interface PartitionFacts {
  readonly partition: number;
  /** What the group committed; undefined: nothing yet. */
  readonly committed: number | undefined;
  /** What the log has; undefined: the topic has no such partition. */
  readonly log: PartitionOffsets | undefined;
  /** The offset after the highest that the tables account for; undefined: none. */
  readonly accounted: number | undefined;
  /** Whether the log's own times show that it is another one than the tables know. */
  readonly isAnew?: boolean;
}

/** The log is not whole: going on would lose or mix up records. The message names the way out. */
export class LogNotWholeError extends OperatorError {
  override readonly name = 'LogNotWholeError';
}

/**
 * Where to start each partition, after a check that the log is whole.
 * @param acceptGap go on behind what retention removed, and record it as skipped
 * @throws {LogNotWholeError}
 */
export function startingOffsets(
  facts: readonly PartitionFacts[],
  acceptGap: boolean,
): { readonly starts: ReadonlyMap<number, number>; readonly skips: readonly Skip[] } {
  const starts = new Map<number, number>();
  const skips: Skip[] = [];
  for (const fact of facts) {
    const start = startOf(fact);
    const gap = gapBefore(fact, start);
    if (gap !== undefined && !acceptGap) throw gapError(fact.partition, gap);
    if (gap !== undefined) skips.push({ partition: fact.partition, ...gap, reason: 'accepted_gap' });
    starts.set(fact.partition, start);
  }
  return { starts, skips };
}

const WAY =
  'Run `kaquan rebuild orders`: it gives the topic a generation of its own, so that its places do not meet the old ones.';

function startOf({ partition, committed, log, accounted, isAnew }: PartitionFacts): number {
  if (log === undefined)
    throw new LogNotWholeError(`partition ${partition} is not in the topic's metadata; try again`);
  if (isAnew === true) {
    throw new LogNotWholeError(
      `partition ${partition}: the log's first record is later than what was already processed: the topic was recreated or cut. ` +
        WAY,
    );
  }
  const known = Math.max(committed ?? 0, accounted ?? 0);
  if (log.end < known) {
    throw new LogNotWholeError(
      `partition ${partition}: the log ends at ${log.end}, but ${known} was already processed: the topic was recreated or cut. ` +
        WAY,
    );
  }
  return Math.max(committed ?? log.start, log.start);
}

/** Offsets before the start that nothing accounts for. */
function gapBefore(
  { committed, log, accounted }: PartitionFacts,
  start: number,
): { first: number; last: number } | undefined {
  // A group that never ran starts at the log's start, wherever that is.
  const isFirst = committed === undefined && accounted === undefined;
  if (isFirst) return undefined;
  const expected = accounted ?? Math.min(committed ?? 0, log?.start ?? 0);
  return start > expected ? { first: expected, last: start - 1 } : undefined;
}

function gapError(partition: number, { first, last }: { first: number; last: number }): LogNotWholeError {
  return new LogNotWholeError(
    `partition ${partition}: offsets ${first} to ${last} are neither stored nor a dead letter, and reading would start behind them: ` +
      'retention removed them, or somebody moved the commit. Start with --accept-gap to go on without them, or set the ' +
      "group's offset back if the log still has them.",
  );
}
