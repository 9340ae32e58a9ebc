import { canonicalJson } from './canonical-json.ts';
import { knownProps, type EventContent } from './known-props.ts';

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
 * The text that an event's id is made from: the canonical JSON (RFC 8785) of the normalised report's props, amounts in
 * fen and times in milliseconds as numbers, null members of objects left out, unknown properties in their places, without
 * what the transport adds.
 */
export function canonicalProps(event: EventContent): string {
  return mergedJson(knownProps(event), freePlaces(event));
}

/** What has no fixed form, in its places below props: unknown properties and the `extra` objects. */
function freePlaces({ unknown, wx_user, chan }: EventContent): Members | undefined {
  if (unknown === null && wx_user.extra === null && chan.extra === null) return undefined;
  const places = Object.entries(membersOf(unknown)).filter(([key]) => !TRANSPORT.has(key));
  const free: Record<string, unknown> = Object.fromEntries(places);
  if (wx_user.extra !== null) free['wx_user'] = withExtra(free['wx_user'], wx_user.extra);
  if (chan.extra !== null) free['chan'] = withExtra(free['chan'], chan.extra);
  return free;
}

const membersOf = (text: string | null): Members => (text === null ? {} : (JSON.parse(text) as Members));

const withExtra = (members: unknown, text: string): Members => ({
  ...(members as Members | undefined),
  extra: membersOf(text),
});

/** The canonical text of `known` with the members of `free` in their places; an array's lie under the element's index. */
function mergedJson(known: unknown, free: unknown): string {
  if (free === undefined) return JSON.stringify(known);
  const places = free as Members;
  if (Array.isArray(known)) {
    return `[${known.map((element, index) => mergedJson(element, own(places, String(index)))).join(',')}]`;
  }
  const members = known as Members;
  const keys = Object.keys(members).filter((key) => members[key] !== undefined);
  const all = [...keys, ...Object.keys(places).filter((key) => own(members, key) === undefined)].sort();
  return `{${all.map((key) => `${JSON.stringify(key)}:${memberJson(own(members, key), own(places, key))}`).join(',')}}`;
}

function memberJson(known: unknown, free: unknown): string {
  return known === undefined ? canonicalJson(free) : mergedJson(known, free);
}

const own = (members: Members, key: string): unknown =>
  Object.hasOwn(members, key) ? members[key] : undefined;
