import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { OperatorError } from '../../../runtime/process/operator-error.ts';
import { legacySha1Signature } from '../../../services/marketing/signature/legacy-sha1.ts';
import { notingReplays } from '../../../services/marketing/signature/replays.ts';
import { rsaSignature } from '../../../services/marketing/signature/rsa.ts';
import { verification } from '../../../services/marketing/signature/verification.ts';
import { keyPair, NOW, request, rsaHeaders, sha1 } from './signed.ts';

const BODY = '{"version":"2.0","msg":"{\\"open_id\\":\\"张三\\"}","type":"query_marketing_info"}';
const SKEW = 300_000;
const platform = keyPair();
const rsa = rsaSignature(platform.publicKey, SKEW);

describe('Byte-Signature', () => {
  const headers = rsaHeaders(platform.privateKey, BODY);
  const kindOf = (body: string, given: Record<string, string>, now = NOW) =>
    rsa(request(body, given), now)?.kind;

  it('is accepted when the platform made it', () => {
    expect(kindOf(BODY, headers)).toBeUndefined();
  });

  it('is over the bytes as they came: the same JSON written in another way is refused', () => {
    expect(kindOf(BODY.replace(':"2.0"', ': "2.0"'), headers)).toBe('forged');
    expect(kindOf(BODY.replace('张三', '\\\\u5f20\\\\u4e09'), headers)).toBe('forged');
  });

  it.each([
    ['another timestamp', { 'byte-timestamp': String(NOW / 1000 + 1) }],
    ['another nonce', { 'byte-nonce-str': 'another' }],
    ['no base64', { 'byte-signature': '%%%' }],
    ['another key', rsaHeaders(keyPair().privateKey, BODY)],
    ['nothing in it', { 'byte-signature': '' }],
  ])('is refused with %s', (_, changed) => {
    expect(kindOf(BODY, { ...headers, ...changed })).toBe('forged');
  });

  it.each(['byte-signature', 'byte-timestamp', 'byte-nonce-str'])('is refused without %s', (name) => {
    const { [name]: _, ...others } = headers;
    expect(kindOf(BODY, others)).toBe('unsigned');
  });

  it('is not replaced by a bare Signature', () => {
    const bare = { signature: sha1('token', '1345678901234', 'n', BODY) };
    expect(rsa(request(BODY, bare, 'timestamp=1345678901234&nonce=n'), NOW)).toEqual({
      kind: 'unsigned',
      detail: 'the header Byte-Signature is missing, and Signature alone is not accepted',
    });
  });

  it('decides where a Signature is there too', () => {
    expect(kindOf(BODY, { ...headers, signature: 'whatever' })).toBeUndefined();
  });

  it.each([
    [SKEW, undefined],
    [-SKEW, undefined],
    [SKEW + 1, 'expired'],
    [-SKEW - 1, 'expired'],
  ])('signed %i ms before now: %s', (before, kind) => {
    expect(kindOf(BODY, headers, NOW + before)).toBe(kind);
  });

  it('may have a timestamp in milliseconds, and none in other digits', () => {
    const at = (timestamp: string) => kindOf(BODY, rsaHeaders(platform.privateKey, BODY, timestamp));
    expect(at(String(NOW))).toBeUndefined();
    expect(at('17')).toBe('expired');
    expect(at('')).toBe('expired');
  });
});

describe('the old signature', () => {
  const legacy = legacySha1Signature('token', SKEW);
  const query = (timestamp = String(NOW)) => `timestamp=${timestamp}&nonce=n1`;
  const kindOf = (body: string, signature: string, of = query()) =>
    legacy(request(body, { signature }, of), NOW)?.kind;

  it('is the SHA-1 of the sorted token, timestamp, nonce and body, or msg', () => {
    expect(kindOf(BODY, sha1('token', String(NOW), 'n1', BODY))).toBeUndefined();
    expect(kindOf(BODY, sha1('token', String(NOW), 'n1', '{"open_id":"张三"}'))).toBeUndefined();
    expect(kindOf(BODY, sha1('token', String(NOW), 'n1', BODY).toUpperCase())).toBeUndefined();
  });

  it('is 41ef33c3… of abc, 1700000000, n1 and {}', () => {
    const signature = '41ef33c37ee8620a38b407bbee32eff35c1b9315';
    const signed = request('{}', { signature }, 'timestamp=1700000000&nonce=n1');
    expect(legacySha1Signature('abc', SKEW)(signed, NOW)).toBeUndefined();
  });

  it.each([
    ['another token', sha1('other', String(NOW), 'n1', BODY)],
    ['another nonce', sha1('token', String(NOW), 'n2', BODY)],
    ['another body', sha1('token', String(NOW), 'n1', `${BODY} `)],
    ['no hex', 'irqy39487t092h3fiqufheiufhqyt9q'],
    ['less of it', sha1('token', String(NOW), 'n1', BODY).slice(0, 38)],
  ])('is refused with %s', (_, signature) => {
    expect(kindOf(BODY, signature)).toBe('forged');
  });

  it('is refused when it, the timestamp or the nonce is missing, or too old', () => {
    expect(legacy(request(BODY, {}, query()), NOW)?.kind).toBe('unsigned');
    expect(kindOf(BODY, sha1('token', String(NOW), '', BODY), `timestamp=${NOW}`)).toBe('unsigned');
    const old = String(NOW - SKEW - 1);
    expect(kindOf(BODY, sha1('token', old, 'n1', BODY), query(old))).toBe('expired');
    const seconds = String(NOW / 1000);
    expect(kindOf(BODY, sha1('token', seconds, 'n1', BODY), query(seconds))).toBeUndefined();
  });

  it('does not fail on a body that is no JSON', () => {
    for (const body of ['', '{', 'null', '"text"']) expect(kindOf(body, sha1('x'))).toBe('forged');
  });
});

describe('what the settings choose', () => {
  let folder: string;
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kaquan-signature-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const verify = (
    scheme: 'rsa' | 'legacy_sha1' | 'none',
    files: { key?: string | undefined; token?: string | undefined } = {},
  ) =>
    verification({
      MARKETING_SIGNATURE: scheme,
      MARKETING_PUBLIC_KEY_FILE: files.key,
      MARKETING_TOKEN_FILE: files.token,
      MARKETING_SKEW_SECONDS: 300,
    });
  const pem = () => file('key.pem', platform.publicKey.export({ type: 'spki', format: 'pem' }).toString());
  const token = () => file('token', 'token\n');
  const old = { signature: sha1('token', String(NOW), 'n', BODY) };
  const oldRequest = (more = {}) => request(BODY, { ...old, ...more }, `timestamp=${NOW}&nonce=n`);

  it('rsa reads the key', () => {
    expect(
      verify('rsa', { key: pem() })(request(BODY, rsaHeaders(platform.privateKey, BODY)), NOW),
    ).toBeUndefined();
  });

  it('legacy_sha1 reads the token; a Byte-Signature decides where there is a key for it', () => {
    expect(verify('legacy_sha1', { token: token() })(oldRequest(), NOW)).toBeUndefined();
    const forged = oldRequest({ 'byte-signature': 'AAAA', 'byte-timestamp': '1', 'byte-nonce-str': 'n' });
    expect(verify('legacy_sha1', { token: token() })(forged, NOW)).toBeUndefined();
    expect(verify('legacy_sha1', { token: token(), key: pem() })(forged, NOW)?.kind).toBe('forged');
  });

  it('none answers anybody, at any time', () => {
    expect(verify('none')(request(BODY, { 'byte-timestamp': '1' }), NOW)).toBeUndefined();
  });

  it.each<[string, () => unknown, RegExp]>([
    ['rsa without a key', () => verify('rsa'), /needs MARKETING_PUBLIC_KEY_FILE/],
    ['rsa with a token', () => verify('rsa', { token: token() }), /needs MARKETING_PUBLIC_KEY_FILE/],
    ['legacy_sha1 without a token', () => verify('legacy_sha1'), /needs MARKETING_TOKEN_FILE/],
    ['a file that is not there', () => verify('rsa', { key: join(folder, 'absent') }), /can't be read/],
    ['a file that is no key', () => verify('rsa', { key: token() }), /public key in PEM/],
    [
      'a private key',
      () =>
        verify('rsa', {
          key: file('private.pem', platform.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
        }),
      /holds a private key: take it away from here/,
    ],
    ['an empty token', () => verify('legacy_sha1', { token: file('empty', '\n') }), /is empty/],
    [
      'a weak key',
      () =>
        verify('rsa', {
          key: file('weak.pem', keyPair(1024).publicKey.export({ type: 'spki', format: 'pem' }).toString()),
        }),
      /at least 2048 bits/,
    ],
  ])('refuses to start: %s', (_, start, sentence) => {
    expect(start).toThrow(OperatorError);
    expect(start).toThrow(sentence);
  });
});

describe('a signature that comes again', () => {
  it('is told of, and answered', () => {
    let replays = 0;
    const noting = notingReplays(rsa, SKEW, () => (replays += 1));
    const twice = request(BODY, rsaHeaders(platform.privateKey, BODY));
    for (let i = 0; i < 3; i++) expect(noting(twice, NOW)).toBeUndefined();
    expect(replays).toBe(2);
  });

  it('is none when it was refused', () => {
    let replays = 0;
    const noting = notingReplays(rsa, SKEW, () => (replays += 1));
    const forged = request(BODY, { ...rsaHeaders(platform.privateKey, BODY), 'byte-nonce-str': 'x' });
    for (let i = 0; i < 3; i++) expect(noting(forged, NOW)?.kind).toBe('forged');
    expect(replays).toBe(0);
  });
});
