import { containerBlock, containerHeader, writeVarint } from '../../runtime/avro/container.ts';
import { type BufferPool, GrowableBytes } from '../../runtime/bytes/growable.ts';
import { FRAME_BYTES } from '../../schemas/index.ts';
import type { EventsInsert } from './events-insert.ts';

export interface Place {
  readonly partition: number;
  readonly offset: number;
  /** The record's timestamp, ms. */
  readonly time: number;
}

// Four numbers of at most ten bytes each.
const PLACE_BYTES = 40;

/** Events of one writer schema, as one insert: each one's encoded place, then its body as it lies in Kafka. */
export class EventsBlock {
  readonly insert: EventsInsert;
  readonly #generation: number;
  readonly #bodies: GrowableBytes;
  readonly #places: Place[] = [];
  readonly #starts: number[] = [];

  constructor(insert: EventsInsert, generation: number, pool?: BufferPool) {
    this.insert = insert;
    this.#generation = generation;
    this.#bodies = new GrowableBytes(pool);
  }

  get events(): number {
    return this.#starts.length;
  }

  /** Of the events, without the container around them. */
  get bytes(): number {
    return this.#bodies.length;
  }

  /** @param value framed, and proven to end exactly at its end */
  add({ partition, offset, time }: Place, value: Buffer): void {
    this.#bodies.reserve(PLACE_BYTES + value.length);
    const { bytes, length } = this.#bodies;
    this.#starts.push(length);
    this.#places.push({ partition, offset, time });
    let at = writeVarint(bytes, length, this.#generation);
    at = writeVarint(bytes, at, partition);
    at = writeVarint(bytes, at, offset);
    at = writeVarint(bytes, at, time);
    this.#bodies.length = at + value.copy(bytes, at, FRAME_BYTES);
  }

  place(index: number): Place | undefined {
    return this.#places[index];
  }

  /** The container of the events from `first` to before `end`. */
  container(first = 0, end = this.events): Buffer[] {
    const from = this.#starts[first] ?? this.#bodies.length;
    const to = this.#starts[end] ?? this.#bodies.length;
    const bodies = this.#bodies.bytes.subarray(from, to);
    return [containerHeader(this.insert.schema), ...containerBlock(end - first, bodies)];
  }

  release(): void {
    this.#bodies.release();
  }
}
