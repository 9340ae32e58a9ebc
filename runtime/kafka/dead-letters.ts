import type { FetchedRecord } from './group.ts';
import type { HeaderValue, OutRecord } from './producer.ts';

/** Where in Kafka a record was read. */
export interface RecordOrigin {
  readonly topic: string;
  /** Tells the places of this topic from those of an earlier one of the same name. */
  readonly generation: number;
  readonly partition: number;
  readonly offset: number;
  /** The record's timestamp, ms. */
  readonly time: number;
}

export type Headers = FetchedRecord['headers'];

/** What could not be processed, whole, and why. */
export interface DeadLetter {
  /** Who failed: a consumer group, or a service that takes records in. */
  readonly group: string;
  /** One of a few words, so that dead letters can be counted by it. */
  readonly reason: string;
  /** What a person should know beyond the reason; bounded by whoever writes it. */
  readonly detail?: string;
  /** When it failed, ms. */
  readonly at: number;
  /** Absent: it never lay in Kafka before (an HTTP body). */
  readonly origin?: RecordOrigin;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** As the record had them. */
  readonly headers: Headers;
}

/** The record that keeps a dead letter, on the one partition of its topic. `readDeadLetter` gives it back. */
export function deadLetterRecord(letter: DeadLetter): OutRecord {
  const { key, value } = letter;
  const headers = writableHeaders(letter.headers);
  // Behind the values that the record itself has under such a name: one that failed before and was published by hand.
  for (const [name, text] of Object.entries(ownHeaders(letter)))
    headers[name] = [...valuesOf(headers[name]), text];
  return { partition: 0, key, value, headers };
}

/** What `deadLetterRecord` wrote; undefined: the record is no dead letter. */
export function readDeadLetter({
  key,
  value,
  headers,
}: Pick<FetchedRecord, 'key' | 'value' | 'headers'>): DeadLetter | undefined {
  const own = (name: OwnHeader): string => lastText(headers, name) ?? '';
  if (own('dlq_reason') === '') return undefined;
  const detail = own('dlq_detail');
  return {
    group: own('dlq_group'),
    reason: own('dlq_reason'),
    ...(detail !== '' && { detail }),
    at: Number(own('dlq_timestamp')),
    ...(own('dlq_topic') !== '' && { origin: originOf(own) }),
    key,
    value,
    headers: withoutOwn(headers),
  };
}

/** The headers as they can be written. A header without a value gets an empty one, because kafkajs can't write it. */
export function writableHeaders(headers: Headers): Record<string, HeaderValue> {
  const writable: Record<string, HeaderValue> = {};
  for (const [name, value] of Object.entries(headers)) {
    const values = valuesOf(value).map((one: Buffer | string | null) => one ?? '');
    const [first = ''] = values;
    writable[name] = values.length > 1 ? values : first;
  }
  return writable;
}

/** The last value of a header, as text; undefined: there is none of this name. */
export function lastText(headers: Headers, name: string): string | undefined {
  const last = valuesOf(headers[name]).at(-1);
  return last === undefined ? undefined : String(last);
}

const OWN_HEADERS = [
  'dlq_reason',
  'dlq_detail',
  'dlq_group',
  'dlq_timestamp',
  'dlq_topic',
  'dlq_generation',
  'dlq_partition',
  'dlq_offset',
  'dlq_record_time',
] as const;

type OwnHeader = (typeof OWN_HEADERS)[number];

const isOwn = (name: string): boolean => OWN_HEADERS.some((own) => own === name);

/** Every one of them, empty where there is nothing to say, so that none of the record's own is taken for it. */
function ownHeaders({ reason, detail = '', group, at, origin }: DeadLetter): Record<OwnHeader, string> {
  return {
    dlq_reason: reason,
    dlq_detail: detail,
    dlq_group: group,
    dlq_timestamp: String(at),
    dlq_topic: origin?.topic ?? '',
    dlq_generation: String(origin?.generation ?? ''),
    dlq_partition: String(origin?.partition ?? ''),
    dlq_offset: String(origin?.offset ?? ''),
    dlq_record_time: String(origin?.time ?? ''),
  };
}

const originOf = (own: (name: OwnHeader) => string): RecordOrigin => ({
  topic: own('dlq_topic'),
  generation: Number(own('dlq_generation')),
  partition: Number(own('dlq_partition')),
  offset: Number(own('dlq_offset')),
  time: Number(own('dlq_record_time')),
});

function withoutOwn(headers: Headers): Headers {
  const kept: Record<string, HeaderValue> = {};
  for (const [name, value] of Object.entries(writableHeaders(headers))) {
    const values = isOwn(name) ? valuesOf(value).slice(0, -1) : valuesOf(value);
    const [first] = values;
    if (first !== undefined) kept[name] = values.length > 1 ? values : first;
  }
  return kept;
}

const valuesOf = (value: Headers[string]): (Buffer | string)[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];
