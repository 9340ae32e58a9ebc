import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { LineSplitter } from '../../producers/file/line-splitter.ts';

const MAX = 5;
const BOM = '\ufeff';

/** The same by hand: the whole text at once. */
function naive(whole: Buffer) {
  const parts = whole.toString('latin1').split('\n');
  if (parts.at(-1) === '') parts.pop();
  const mark = Buffer.from(BOM).toString('latin1');
  return parts.map((part, index) => {
    const unmarked = index === 0 && part.startsWith(mark) ? part.slice(mark.length) : part;
    const text = unmarked.endsWith('\r') ? unmarked.slice(0, -1) : unmarked;
    const tooLong = text.length > MAX;
    return { number: index + 1, text: tooLong ? text.slice(0, MAX) : text, tooLong };
  });
}

function split(chunks: readonly Buffer[]) {
  const splitter = new LineSplitter(MAX);
  const lines = [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
  return lines.map(({ number, bytes, tooLong }) => ({ number, text: bytes.toString('latin1'), tooLong }));
}

function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length];
  return at.slice(1).map((end, index) => Buffer.from(whole.subarray(at[index], end)));
}

describe('a line splitter', () => {
  it('cuts as one who sees the whole text, wherever the chunks end', () => {
    const piece = fc.constantFrom('a', 'b', '券', '\n', '\r', '\r\n', BOM, '\0', 'abcde', 'abcdef');
    const text = fc.array(piece, { maxLength: 40 }).map((pieces) => Buffer.from(pieces.join('')));
    fc.assert(
      fc.property(text, fc.array(fc.nat(200), { maxLength: 12 }), (whole, places) => {
        expect(split(cut(whole, places))).toEqual(naive(whole));
      }),
      { numRuns: 2000 },
    );
  });
});
