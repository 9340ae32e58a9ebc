import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';

import { IdFilter } from '../../../consumers/report/id-filter.ts';
import { readNote, writeNote } from '../../../consumers/report/note.ts';
import { Recent } from '../../../consumers/report/recent.ts';
import { meaningOf } from '../../../domain/report/answers.ts';
import { retryAfterMs } from '../../../runtime/http/retry-after.ts';

describe('an answer means', () => {
  it.each([
    ['accepted', 200, 0],
    ['accepted', 204, 0],
    ['refused', 200, 1],
    ['refused', 200, -1],
    ['again', 200, undefined],
    ['again', 302, undefined],
    ['refused', 400, undefined],
    ['refused', 400, 7],
    ['not_allowed', 401, 7],
    ['not_allowed', 403, undefined],
    ['not_allowed', 404, undefined],
    ['not_allowed', 405, undefined],
    ['again', 408, undefined],
    ['refused', 413, 413],
    ['refused', 422, undefined],
    ['again', 425, undefined],
    ['again', 429, 0],
    ['again', 500, 0],
    ['again', 503, undefined],
    ['again', 599, 7],
  ])('%s: %i with code %s', (meaning, status, code) => {
    expect(meaningOf(status, code)).toBe(meaning);
  });

  it('try again, for codes that were told to mean it', () => {
    expect(meaningOf(200, 7, new Set([7]))).toBe('again');
    expect(meaningOf(400, 7, new Set([7]))).toBe('again');
    expect(meaningOf(200, 8, new Set([7]))).toBe('refused');
  });
});

describe('Retry-After', () => {
  const NOW = Date.parse('2026-01-31T12:00:00Z');
  it.each([
    ['5', 5000],
    ['0', 0],
    ['Sat, 31 Jan 2026 12:00:30 GMT', 30_000],
    ['Sat, 31 Jan 2026 11:00:00 GMT', 0],
    ['Sat, 31 Jan 2036 11:00:00 GMT', 3_600_000],
    ['999999999', 3_600_000],
    ['soon', undefined],
    [undefined, undefined],
  ])('%s', (header, ms) => {
    expect(retryAfterMs(header, NOW)).toBe(ms);
  });
});

describe('a note', () => {
  it('is read as it was written, whatever an app is called', () => {
    const apps = new Map([
      ['wx1', 7],
      ['卡', 9],
      ['"', 1],
    ]);
    const text = writeNote({ apps });
    expect(readNote(text ?? undefined).apps).toEqual(apps);
  });

  it('is not there for nothing, and not written when it is too long for Kafka', () => {
    expect(writeNote({ apps: new Map() })).toBeUndefined();
    const many = Array.from({ length: 300 }, (_, app) => [`wx${'0'.repeat(10)}${app}`, 1] as const);
    expect(writeNote({ apps: new Map(many) })).toBeNull();
  });

  it.each([undefined, '', 'by hand', '{"sent":{"wx1":-1}}', '[]'])('of others says nothing: %j', (text) => {
    expect(readNote(text).apps.size).toBe(0);
  });
});

describe('the filter of event ids', () => {
  const ids = Array.from({ length: 50_000 }, () => randomBytes(16).toString('latin1'));

  it('has every id that was added, also as words, and few others', () => {
    const filter = new IdFilter();
    for (const id of ids.slice(0, 10_000)) filter.add(id);
    for (const id of ids.slice(10_000, 20_000)) {
      const bytes = Buffer.from(id, 'latin1');
      filter.addWords(bytes.readInt32LE(0), bytes.readInt32LE(9));
    }
    expect(ids.slice(0, 20_000).every((id) => filter.mayHave(id))).toBe(true);
    expect(ids.slice(20_000).filter((id) => filter.mayHave(id)).length).toBeLessThan(30);
  });

  it('grows, and forgets nothing', () => {
    const filter = new IdFilter();
    const word = (n: number) => Math.imul(n, 0x9e3779b1);
    for (let n = 0; n < 2_000_000; n += 1) filter.addWords(word(n), word(n + 7));
    const id = (n: number) => {
      const bytes = Buffer.alloc(16);
      bytes.writeInt32LE(word(n) | 0, 0);
      bytes.writeInt32LE(word(n + 7) | 0, 9);
      return bytes.toString('latin1');
    };
    expect([0, 1, 1_000_000, 1_999_999].every((n) => filter.mayHave(id(n)))).toBe(true);
    expect(ids.filter((one) => filter.mayHave(one)).length).toBeLessThan(500);
  });
});

describe('the ids that came last', () => {
  it('are so many as was asked for at the least, and not all there ever were', () => {
    const recent = new Recent(100);
    for (let id = 0; id < 1000; id += 1) {
      recent.add(String(id));
      for (const other of [id, Math.max(0, id - 99)]) expect(recent.has(String(other))).toBe(true);
      if (id >= 200) expect(recent.has(String(id - 200))).toBe(false);
    }
  });
});
