import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';

import {
  checkQuery,
  reportQuery,
  signatureOf,
  type QueryRules,
} from '../../../../schemas/report_api/index.ts';

const key = (text: string) => createSecretKey(text, 'utf8');
const PUBLISHED = { appId: 'abc', nonce: '407313d23c3f7', timestamp: '1542951251' };

describe('the signature', () => {
  it.each([
    ['lingshou.tencent.com', 'xyz', '6e54c38c7e9c382a5295c3885503fa4a9ee37cabc884350d84973fc1b843126d'],
    ['mp.zhls.qq.com', '123', '25d5806d0aadc93129879874227c348c33f8e29d70cdcb3094c6909fadb3007b'],
  ])('is the one that %s publishes', (_page, secret, signature) => {
    expect(signatureOf(PUBLISHED, key(secret))).toBe(signature);
  });

  it('covers values that are not URL-encoded', () => {
    const attempt = { appId: 'a b&c', nonce: 'ü=1', timestamp: 1542951251 };
    const query = new URLSearchParams(reportQuery(attempt, key('s')));
    expect(query.get('signature')).toBe(signatureOf({ ...attempt, timestamp: '1542951251' }, key('s')));
  });
});

const rules = (mode: QueryRules['mode'], now = 1542951251): QueryRules => ({
  mode,
  now,
  skew: 300,
  isKnownApp: (appId) => ['abc', 'no-secret'].includes(appId),
  secretOf: (appId) => (appId === 'abc' ? key('xyz') : undefined),
});
const ATTEMPT = { appId: 'abc', nonce: 'n1', timestamp: 1542951251 };

const asked = (change: Record<string, string | undefined>, secret?: string): URLSearchParams => {
  const query = new URLSearchParams(reportQuery(ATTEMPT, secret === undefined ? undefined : key(secret)));
  for (const [name, value] of Object.entries(change))
    if (value === undefined) query.delete(name);
    else query.set(name, value);
  return query;
};

describe('a query', () => {
  it('that is made for an endpoint passes there', () => {
    expect(checkQuery(asked({}), rules('report'))).toEqual({ ok: true, appId: 'abc', nonce: 'n1' });
    expect(checkQuery(asked({}, 'xyz'), rules('safe-report'))).toMatchObject({ ok: true });
  });

  it('tells the unsigned endpoint no signature', () => {
    expect([...asked({}).keys()]).toEqual(['app_id', 'timestamp', 'nonce']);
  });

  it.each([
    ['app_id', { app_id: undefined }],
    ['app_id', { app_id: 'stranger' }],
    ['timestamp', { timestamp: undefined }],
    ['timestamp', { timestamp: '1542951251000' }],
    ['timestamp', { timestamp: '1542951251.5' }],
    ['skew', { timestamp: '1542950950' }],
    ['skew', { timestamp: '1542951552' }],
    ['nonce', { nonce: '' }],
    ['nonce', { nonce: 'n'.repeat(33) }],
    ['sign', { sign: 'md5' }],
    ['sign', { sign: undefined }],
    ['signature', { signature: undefined }],
    ['signature', { signature: '0'.repeat(64) }],
    ['signature', { nonce: 'another' }],
    ['signature', { timestamp: '1542951252' }],
    ['signature', { app_id: 'no-secret' }],
  ] as const)('fails the check of %s: %j', (check, change) => {
    const checked = checkQuery(asked(change, 'xyz'), rules('safe-report'));
    expect(checked).toMatchObject({ ok: false, check });
    expect(JSON.stringify(checked)).not.toContain(signatureOf(PUBLISHED, key('xyz')));
  });

  it('signed with another secret fails', () => {
    expect(checkQuery(asked({}, 'other'), rules('safe-report'))).toMatchObject({ check: 'signature' });
  });

  it('may be as old as the skew, and no older', () => {
    expect(checkQuery(asked({}), rules('report', 1542951551)).ok).toBe(true);
    expect(checkQuery(asked({}), rules('report', 1542951552)).ok).toBe(false);
  });
});
