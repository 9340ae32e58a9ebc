import { containerBlock, containerHeader, writeVarint } from '../../runtime/avro/container.ts';
import { FRAME_BYTES } from '../../schemas/index.ts';
import type { EventRecord } from './batch.ts';
import { SpanLimit } from './bounded-rows.ts';

// Four numbers of at most ten bytes each.
const PLACE_BYTES = 40;

/** The container of some records of one writer schema: each one's encoded place, then its body as it lies in Kafka. */
export function eventsContainer(
  schema: string,
  generation: number,
  records: readonly EventRecord[],
): Buffer[] {
  const bytes = records.reduce((sum, { value }) => sum + PLACE_BYTES + value.length - FRAME_BYTES, 0);
  const bodies = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const { place, value } of records) {
    at = writeVarint(bodies, at, generation);
    at = writeVarint(bodies, at, place.partition);
    at = writeVarint(bodies, at, place.offset);
    at = writeVarint(bodies, at, place.time);
    at += value.copy(bodies, at, FRAME_BYTES);
  }
  return [containerHeader(schema), ...containerBlock(records.length, bodies.subarray(0, at))];
}

/** Cuts records so that each part touches a bounded number of the table's partitions. */
export function boundedParts(records: readonly EventRecord[]): EventRecord[][] {
  const limit = new SpanLimit();
  const parts: EventRecord[][] = [];
  let part: EventRecord[] = [];
  for (const record of records) {
    if (limit.isOver(record.time)) {
      parts.push(part);
      part = [];
    }
    part.push(record);
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
