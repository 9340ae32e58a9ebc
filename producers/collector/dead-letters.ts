import { deadLetterRecord } from '../../runtime/kafka/dead-letters.ts';
import type { OutRecord } from '../../runtime/kafka/producer.ts';
import type { BodyHeaders, Unreadable } from './body.ts';
import type { Invalid } from './judgement.ts';

/** The name under which the collector's dead letters lie, and their topic. */
export const COLLECTOR = 'collector';

/** What is kept of a body that can't be read, bytes. */
export const KEPT_BYTES = 262_144;

const DETAIL_CHARACTERS = 65_536;
const HEADER_CHARACTERS = 1024;

/** When a request came, and from whom. */
export interface Arrival {
  readonly appId: string;
  /** ms since 1970 */
  readonly at: number;
}

/** The dead letter of a report that breaks rules: the report, and all that it breaks, as JSON. @param body that it came in */
export function invalidLetter(
  { report, violations }: Invalid,
  body: Buffer,
  { appId, at }: Arrival,
): OutRecord {
  return deadLetterRecord({
    group: COLLECTOR,
    reason: 'invalid',
    detail: detailOf(violations),
    at,
    key: null,
    value: bytesOf(report) ?? body.subarray(0, KEPT_BYTES),
    headers: { http_app_id: bounded(appId) },
  });
}

// JSON that is nested deeply enough can be read, but not written.
function bytesOf(report: unknown): Buffer | undefined {
  try {
    return Buffer.from(JSON.stringify(report));
  } catch {
    return undefined;
  }
}

// Whole elements, so that it stays JSON.
function detailOf(violations: Invalid['violations']): string {
  let length = 2;
  const texts: string[] = [];
  for (const violation of violations) {
    const text = JSON.stringify(violation);
    length += text.length + 1;
    if (length > DETAIL_CHARACTERS) break;
    texts.push(text);
  }
  return `[${texts.join()}]`;
}

/** The dead letter of a body that can't be read: as much of it as is kept, and what its client said of it. */
export function unreadableLetter(
  bytes: Buffer,
  reason: Unreadable,
  { contentType, encryptingKey }: BodyHeaders,
  { appId, at }: Arrival,
): OutRecord {
  const isCut = bytes.length > KEPT_BYTES;
  return deadLetterRecord({
    group: COLLECTOR,
    reason,
    ...(isCut && { detail: `the first ${KEPT_BYTES} of ${bytes.length} bytes` }),
    at,
    key: null,
    value: bytes.subarray(0, KEPT_BYTES),
    headers: {
      http_app_id: bounded(appId),
      ...(contentType !== undefined && { http_content_type: bounded(contentType) }),
      // Without it nobody could ever read what is kept.
      ...(encryptingKey !== undefined && { http_content_encrypting_key: bounded(encryptingKey) }),
    },
  });
}

const bounded = (text: string): string => text.slice(0, HEADER_CHARACTERS);
