import { createVerify, type KeyObject } from 'node:crypto';

import type { Refusal } from '../refusals.ts';
import { judgeMoment } from './moment.ts';
import type { SignedRequest, Verify } from './signed-request.ts';

const unsigned = (detail: string): Refusal => ({ kind: 'unsigned', detail });

/**
 * SHA256-RSA2048 (PKCS #1 v1.5) over `Byte-Timestamp \n Byte-Nonce-Str \n body \n`, base64 in `Byte-Signature`.
 * @param key the platform's public key
 */
export function rsaSignature(key: KeyObject, skewMs: number): Verify {
  return (request, now) => {
    const signature = request.header('byte-signature');
    const timestamp = request.header('byte-timestamp');
    const nonce = request.header('byte-nonce-str');
    if (signature === undefined) return unsigned(absent(request));
    if (timestamp === undefined) return unsigned('the header Byte-Timestamp is missing');
    if (nonce === undefined) return unsigned('the header Byte-Nonce-Str is missing');
    const signed = [Buffer.from(`${timestamp}\n${nonce}\n`, 'latin1'), request.body, Buffer.from('\n')];
    if (!isSignedBy(key, signed, signature))
      return { kind: 'forged', detail: 'Byte-Signature does not fit the body, its timestamp and its nonce' };
    return judgeMoment(timestamp, now, skewMs);
  };
}

const absent = (request: SignedRequest): string =>
  request.header('signature') === undefined
    ? 'the header Byte-Signature is missing'
    : 'the header Byte-Signature is missing, and Signature alone is not accepted';

function isSignedBy(key: KeyObject, parts: readonly Buffer[], signature: string): boolean {
  const verify = createVerify('RSA-SHA256');
  for (const part of parts) verify.update(part);
  return verify.verify(key, signature, 'base64');
}
