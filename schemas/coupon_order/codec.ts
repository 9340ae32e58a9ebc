import type { Type } from 'avsc';
import type { CouponOrderEvent } from './event.ts';
import { LATEST } from './versions.ts';

/** The frame before each value's body: a zero byte, then the schema's id, four bytes, big-endian. */
export const FRAME_BYTES = 5;

let scratch = Buffer.allocUnsafeSlow(65_536);

/** `event` in the newest schema, framed with `schemaId` (default: the one made from the schema). */
export function encodeEvent(event: CouponOrderEvent, schemaId: number = LATEST.id): Buffer {
  return encodeFramed(LATEST.type, schemaId, event);
}

/**
 * `value` in the schema `type`, framed with `schemaId`.
 * @throws if `value` is none of this type.
 */
export function encodeFramed(type: Type, schemaId: number, value: unknown): Buffer {
  let end = type.encode(value, scratch, FRAME_BYTES);
  if (end < 0) {
    scratch = Buffer.allocUnsafeSlow(2 * (scratch.length - end));
    end = type.encode(value, scratch, FRAME_BYTES);
  }
  scratch[0] = 0;
  scratch.writeUInt32BE(schemaId, 1);
  return Buffer.from(scratch.subarray(0, end));
}

/** The schema id of a framed value; undefined if it has no frame. */
export function framedId(value: Buffer): number | undefined {
  return value.length > FRAME_BYTES && value[0] === 0 ? value.readUInt32BE(1) : undefined;
}
