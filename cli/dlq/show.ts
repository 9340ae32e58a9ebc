import { framedId, type Schemas } from '../../schemas/index.ts';
import { redriveOf } from '../../runtime/kafka/redrive.ts';
import type { Headers } from '../../runtime/kafka/dead-letters.ts';
import { meaningOf } from '../status/verdict.ts';
import type { KeptLetter } from './letters.ts';
import type { Redriven } from './ledger.ts';

/** Bytes, as text where they are text. */
export type Shown = { readonly text: string } | { readonly base64: string } | null;

/** What `kaquan dlq show --json` prints. */
export interface ShownLetter {
  readonly id: string;
  readonly group: string;
  readonly reason: string;
  readonly meaning: string;
  readonly detail: string | null;
  readonly failed_at: string;
  /** Where the record lay when it failed; null: it came over HTTP. */
  readonly origin: {
    readonly topic: string;
    readonly generation: number;
    readonly partition: number;
    readonly offset: number;
    readonly record_time: string;
  } | null;
  /** When it was redriven; null: it was not. */
  readonly redriven_at: string | null;
  /** How many times its record had been redriven before it failed here. */
  readonly redrives_before: number;
  readonly key: Shown;
  readonly headers: Readonly<Record<string, readonly Shown[]>>;
  readonly value: Shown;
  readonly value_bytes: number;
  /** The event, if the value can be read as one. */
  readonly event: unknown;
}

/** One dead letter, whole. @param schemas with the schema of its value loaded */
export function shownLetter(
  { id, letter }: KeptLetter,
  redriven: Redriven | undefined,
  schemas: Schemas,
): ShownLetter {
  const { group, reason, detail, at, origin, key, value, headers } = letter;
  return {
    id,
    group,
    reason,
    meaning: meaningOf(reason),
    detail: detail ?? null,
    failed_at: isoTime(at),
    origin: origin === undefined ? null : { ...originText(origin) },
    redriven_at: redriven === undefined ? null : isoTime(redriven.at),
    redrives_before: redriveOf(headers)?.count ?? 0,
    key: shown(key),
    headers: shownHeaders(headers),
    value: shown(value),
    value_bytes: value?.length ?? 0,
    event: eventOf(value, schemas),
  };
}

const originText = ({
  topic,
  generation,
  partition,
  offset,
  time,
}: NonNullable<KeptLetter['letter']['origin']>) => ({
  topic,
  generation,
  partition,
  offset,
  record_time: isoTime(time),
});

// A stranger may have written the headers.
function isoTime(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? '' : time.toISOString();
}

function shown(bytes: Buffer | string | null): Shown {
  if (bytes === null) return null;
  if (typeof bytes === 'string') return { text: bytes };
  const text = bytes.toString();
  // eslint-disable-next-line no-control-regex
  const isText = Buffer.from(text).equals(bytes) && !/[\0-\x08\x0e-\x1f]/.test(text);
  return isText ? { text } : { base64: bytes.toString('base64') };
}

const shownHeaders = (headers: Headers): Record<string, Shown[]> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      value === undefined ? [] : [value].flat().map(shown),
    ]),
  );

function eventOf(value: Buffer | null, schemas: Schemas): unknown {
  const id = value === null ? undefined : framedId(value);
  if (value === null || id === undefined) return null;
  const decoded = schemas.decodeEvent(id, value);
  if (!decoded.ok) return null;
  return { ...decoded.value, event_id: decoded.value.event_id.toString('hex') };
}

/** What `kaquan dlq show` prints. */
export function shownText(letter: ShownLetter): string {
  const { origin } = letter;
  const lines = [
    ['id', letter.id],
    ['reason', letter.meaning === '' ? letter.reason : `${letter.reason}: ${letter.meaning}`],
    ...(letter.detail === null ? [] : [['detail', letter.detail]]),
    ['failed', `${letter.failed_at} in ${letter.group}`],
    [
      'from',
      origin === null
        ? 'HTTP'
        : `${origin.topic} (generation ${origin.generation}), partition ${origin.partition}, offset ${origin.offset}, of ${origin.record_time}`,
    ],
    ['redriven', redrivenText(letter)],
    ['key', plain(letter.key)],
    ...Object.entries(letter.headers).map(([name, values]) => [
      'header',
      `${name}: ${values.map(plain).join(' | ')}`,
    ]),
    ['value', `${letter.value_bytes} bytes`],
  ];
  const value = letter.event === null ? plain(letter.value) : JSON.stringify(letter.event, null, 2);
  return `${lines.map(([name = '', text = '']) => `${name.padEnd(9)} ${text}`).join('\n')}\n${value}\n`;
}

function redrivenText({ redriven_at: at, redrives_before: before }: ShownLetter): string {
  const past = before === 0 ? '' : ` (its record had been redriven ${before} times before)`;
  return `${at ?? 'no'}${past}`;
}

function plain(value: Shown): string {
  if (value === null) return 'none';
  return 'text' in value ? value.text : `base64 ${value.base64}`;
}
