import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';

/** What a signature covers; the body is not covered. */
export interface Signed {
  readonly appId: string;
  readonly nonce: string;
  /** Seconds since 1970, as it stands in the query. */
  readonly timestamp: string;
}

/**
 * The signature of a request to the signed endpoint: HMAC-SHA256 over the query's members in the order of their names,
 * values not URL-encoded. (The published pages write `sha256(…)`; their own code and vectors are HMAC.)
 * @returns 64 hexadecimal digits, lower case
 */
export function signatureOf({ appId, nonce, timestamp }: Signed, secret: KeyObject): string {
  const text = `app_id=${appId}&nonce=${nonce}&sign=sha256&timestamp=${timestamp}`;
  return createHmac('sha256', secret).update(text).digest('hex');
}

/** Whether `signature` is the one of `signed`; takes as long for every signature of the right length. */
export function isSignature(signature: string, signed: Signed, secret: KeyObject): boolean {
  const expected = Buffer.from(signatureOf(signed, secret));
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
