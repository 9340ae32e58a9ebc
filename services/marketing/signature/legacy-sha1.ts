import { createHash, timingSafeEqual } from 'node:crypto';

import type { Refusal } from '../refusals.ts';
import { judgeMoment } from './moment.ts';
import type { SignedRequest, Verify } from './signed-request.ts';

const unsigned = (detail: string): Refusal => ({ kind: 'unsigned', detail });

/**
 * The old scheme: `Signature` is the SHA-1, in hex, of the sorted token, `timestamp`, `nonce` (both of the URL's query) and
 * content, one after the other. The content is the body as it came or, as in the platform's older notices, its `msg`.
 */
export function legacySha1Signature(token: string, skewMs: number): Verify {
  return (request, now) => {
    const signature = request.header('signature');
    const timestamp = request.query.get('timestamp');
    const nonce = request.query.get('nonce');
    if (signature === undefined) return unsigned('the header Signature is missing');
    if (timestamp === null || nonce === null)
      return unsigned('the URL must have timestamp and nonce, which are signed');
    const isGenuine = contentsOf(request).some((content) =>
      isEqual(
        signature,
        digestOf(
          [token, timestamp, nonce].map((part) => Buffer.from(part)),
          content,
        ),
      ),
    );
    if (!isGenuine)
      return {
        kind: 'forged',
        detail: 'Signature does not fit the token, the timestamp, the nonce and the body',
      };
    return judgeMoment(timestamp, now, skewMs);
  };
}

function contentsOf({ body }: SignedRequest): Buffer[] {
  try {
    const { msg } = JSON.parse(body.toString()) as { msg?: unknown };
    return typeof msg === 'string' ? [body, Buffer.from(msg)] : [body];
  } catch {
    return [body];
  }
}

function digestOf(parts: readonly Buffer[], content: Buffer): Buffer {
  const sha1 = createHash('sha1');
  for (const part of [...parts, content].sort((a, b) => Buffer.compare(a, b))) sha1.update(part);
  return sha1.digest();
}

function isEqual(hex: string, digest: Buffer): boolean {
  const given = Buffer.from(/^[0-9a-f]{40}$/i.test(hex) ? hex : '', 'hex');
  return given.length === digest.length && timingSafeEqual(given, digest);
}
