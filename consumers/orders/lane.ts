import { Brake } from '../../runtime/kafka/brake.ts';
import { StateCache } from './state-cache.ts';

/** One assignment of one partition: what is remembered of it ends with the assignment. */
export interface Lane {
  readonly partition: number;
  readonly states: StateCache;
  readonly brake: Brake;
}

export interface LaneOptions {
  /** Order states kept in memory by all lanes together. */
  readonly cachedStates: number;
  readonly brakeWindow: number;
  readonly brakeShare: number;
}

export function createLanes(partitions: readonly number[], options: LaneOptions): Map<number, Lane> {
  const size = Math.floor(options.cachedStates / Math.max(1, partitions.length));
  return new Map(
    partitions.map((partition) => [
      partition,
      { partition, states: new StateCache(size), brake: new Brake(options.brakeWindow, options.brakeShare) },
    ]),
  );
}
