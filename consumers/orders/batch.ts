import type { WriterSchema } from '../../schemas/index.ts';
import type { DeadReason } from './judge.ts';
import type { Lane } from './lane.ts';

/** A record as Kafka gave it, with its place. */
export interface PlacedRecord {
  readonly partition: number;
  readonly offset: number;
  /** The record's timestamp, ms. */
  readonly time: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
}

/** An event to store as it lies in Kafka. */
export interface EventRecord {
  readonly place: { readonly partition: number; readonly offset: number; readonly time: number };
  readonly value: Buffer;
  /** When the event happened, ms. */
  readonly time: number;
}

export interface DeadLetter {
  readonly record: PlacedRecord;
  readonly reason: DeadReason;
}

/** Offsets that hold no record for us: control records, aborted transactions, a gap that an operator accepted. */
export interface Skip {
  readonly partition: number;
  readonly first: number;
  readonly last: number;
  readonly reason: string;
}

/** What one flush stores: frozen, so that a failed insert is sent again as the same rows. */
export interface Batch {
  readonly number: number;
  readonly epoch: number;
  /** By partition, the offset to commit when all of it is stored. */
  readonly offsets: ReadonlyMap<number, number>;
  readonly records: number;
  readonly events: ReadonlyMap<WriterSchema, readonly EventRecord[]>;
  /** RowBinary, one buffer an insert. */
  readonly milestones: readonly Buffer[];
  readonly states: readonly Buffer[];
  readonly deadLetters: readonly DeadLetter[];
  readonly skips: readonly Skip[];
  /** The orders whose states it stores, by lane. */
  readonly changed: ReadonlyMap<Lane, ReadonlySet<string>>;
}
