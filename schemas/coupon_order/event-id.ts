import { hash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import type { CouponOrderEvent } from './event.ts';

type Members = Readonly<Record<string, unknown>>;

/** What a sender or its transport adds to props: sent again, it may differ, and the event is the same. */
const TRANSPORT = new Set([
  'log_id',
  'from',
  'tracking_id',
  'idenTifier',
  'system_info',
  'framework_info',
  'sr_sdk_version',
]);

/**
 * The id of an event: the UUID (RFC 9562, version 8) of the first 128 bits of the SHA-256 of {@link canonicalProps}.
 * `event.event_id` is not read.
 * @returns 16 bytes.
 */
export function eventId(event: Omit<CouponOrderEvent, 'event_id'>): Buffer {
  const id = hash('sha256', canonicalProps(event), 'buffer').subarray(0, 16);
  id[6] = ((id[6] ?? 0) & 0x0f) | 0x80;
  id[8] = ((id[8] ?? 0) & 0x3f) | 0x80;
  return id;
}

/**
 * The text an event's id is made from: the canonical JSON (RFC 8785) of the normalised report's props, amounts in fen
 * and times in milliseconds as numbers, null members of objects left out, unknown properties in their place, without
 * what the transport adds.
 */
export function canonicalProps(event: Omit<CouponOrderEvent, 'event_id'>): string {
  const { coupon, coupon_info, page, page_title, time, component } = event;
  const wx_user = { ...event.wx_user, extra: parsed(event.wx_user.extra) };
  const chan = { ...event.chan, extra: parsed(event.chan.extra) };
  const props = { chan, component, coupon, coupon_info, page, page_title, time, wx_user };
  if (event.unknown === null) return canonicalJson(props);
  const unknown = Object.entries(JSON.parse(event.unknown) as Members).filter(([key]) => !TRANSPORT.has(key));
  return canonicalJson(merged(props, Object.fromEntries(unknown)));
}

function parsed(text: string | null): unknown {
  return text === null ? null : JSON.parse(text);
}

/** `known` with the members of `unknown` in their places; an array's are under the index of the element. */
function merged(known: unknown, unknown: unknown): unknown {
  if (known === undefined || known === null) return unknown;
  if (unknown === undefined) return known;
  const places = unknown as Members;
  if (Array.isArray(known)) return known.map((element, index) => merged(element, own(places, String(index))));
  const members = Object.entries(known).map(
    ([key, value]) => [key, merged(value, own(places, key))] as const,
  );
  return Object.fromEntries([...Object.entries(places), ...members]);
}

const own = (members: Members, key: string): unknown =>
  Object.hasOwn(members, key) ? members[key] : undefined;

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
