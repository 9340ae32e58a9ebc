import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { ExceptionTail } from '../../../../runtime/clickhouse/exception-tail.ts';

const TAG = 'abcdefghijklmnop';
const BLOCK = `\r\n__exception__\r\n${TAG}\r\nCode: 395. DB::Exception: stopped (X)\n38 ${TAG}\r\n__exception__\r\n`;

async function through(chunks: readonly string[], tag?: string): Promise<{ out: string; exception: string }> {
  const tail = new ExceptionTail(tag);
  let out = '';
  for await (const chunk of Readable.from(chunks.map((text) => Buffer.from(text))).pipe(tail))
    out += String(chunk);
  return { out, exception: tail.exception };
}

const cut = (text: string, at: readonly number[]): string[] => {
  const places = [0, ...at.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length];
  return places.slice(1).map((end, index) => text.slice(places[index], end));
};

describe('the block with which an answer breaks off', () => {
  it('is told apart from the rows, however the answer is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.array(fc.nat()), async (rows, cuts) => {
        const { out, exception } = await through(cut(`${rows}\n${BLOCK}`, cuts), TAG);
        expect(out).toBe(`${rows}\n`);
        expect(exception).toBe('Code: 395. DB::Exception: stopped (X)');
      }),
    );
  });

  it('is not seen in an answer that only looks like it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat()), async (cuts) => {
        const rows = `\r\n__exception__\r\n${TAG.slice(1)}`;
        expect(await through(cut(rows, cuts), TAG)).toEqual({ out: rows, exception: '' });
      }),
    );
  });

  it('does not exist for a server that names no tag', async () => {
    expect(await through(['rows', BLOCK])).toEqual({ out: `rows${BLOCK}`, exception: '' });
  });
});
