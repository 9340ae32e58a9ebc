import { createHash, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';

import type { SignedRequest } from '../../../services/marketing/signature/signed-request.ts';

export const NOW = 1_700_000_000_000;

export const keyPair = (bits = 2048): { publicKey: KeyObject; privateKey: KeyObject } =>
  generateKeyPairSync('rsa', { modulusLength: bits });

/** The headers with which the platform signs a body. @param timestamp seconds, as text */
export function rsaHeaders(
  key: KeyObject,
  body: Buffer | string,
  timestamp = String(NOW / 1000),
  nonce = 'nonce_1',
): Record<string, string> {
  const sign = createSign('RSA-SHA256').update(`${timestamp}\n${nonce}\n`).update(body).update('\n');
  return {
    'byte-timestamp': timestamp,
    'byte-nonce-str': nonce,
    'byte-signature': sign.sign(key, 'base64'),
  };
}

export const sha1 = (...parts: readonly string[]): string =>
  createHash('sha1')
    .update([...parts].sort().join(''))
    .digest('hex');

export const request = (
  body: Buffer | string,
  headers: Readonly<Record<string, string>> = {},
  query = '',
): SignedRequest => ({
  header: (name) => headers[name],
  query: new URLSearchParams(query),
  body: Buffer.from(body),
});
