import type { Skip } from '../../runtime/kafka/starting-offsets.ts';
import type { EventsBlock, Place } from './events-block.ts';
import type { DeadReason } from './judge.ts';
import type { Lane } from './lane.ts';
import type { FoundStates, TouchedOrder } from './touched-orders.ts';

/** A record that can't be processed, whole. */
export interface DeadLetter {
  readonly place: Place;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
  readonly reason: DeadReason;
}

/** What one flush stores: frozen, so that a failed insert is sent again as the same rows. */
export interface Batch {
  readonly number: number;
  /** By partition, the offset to commit when all of it is stored. */
  readonly offsets: ReadonlyMap<number, number>;
  readonly records: number;
  /** How long it took to build, look-ups included; s. */
  readonly builtIn: number;
  readonly found: FoundStates;
  readonly events: readonly EventsBlock[];
  /** RowBinary, one buffer an insert, as are milestones and states; stored before the events that are disputed. */
  readonly disputes: readonly Buffer[];
  readonly milestones: readonly Buffer[];
  readonly states: readonly Buffer[];
  readonly deadLetters: readonly DeadLetter[];
  readonly skips: readonly Skip[];
  /** The orders whose states are pinned for it, by lane and `OrderKey.id`. */
  readonly touched: ReadonlyMap<Lane, ReadonlyMap<string, TouchedOrder>>;
  /** Gives the memory of the rows back; only once all of them are stored. */
  release(): void;
}
