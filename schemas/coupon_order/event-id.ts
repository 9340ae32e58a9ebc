import { hash } from 'node:crypto';
import { canonicalProps } from './canonical-props.ts';
import type { EventContent } from './known-props.ts';

/**
 * The id of an event: the UUID (RFC 9562, version 8) of the first 128 bits of the SHA-256 of {@link canonicalProps}.
 * @returns 16 bytes.
 */
export function eventId(event: EventContent): Buffer {
  const id = Buffer.from(hash('sha256', canonicalProps(event), 'hex').slice(0, 32), 'hex');
  id[6] = ((id[6] ?? 0) & 0x0f) | 0x80;
  id[8] = ((id[8] ?? 0) & 0x3f) | 0x80;
  return id;
}

/** The text of a UUID's 16 bytes. */
export function eventIdText(id: Uint8Array): string {
  const hex = Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The 16 bytes of a UUID's text; undefined if it is none. */
export function eventIdOf(text: string): Buffer | undefined {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return undefined;
  return Buffer.from(text.replaceAll('-', ''), 'hex');
}
