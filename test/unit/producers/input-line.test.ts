import { describe, expect, it } from '@jest/globals';

import { readLine } from '../../../producers/file/input-line.ts';
import { LineSplitter } from '../../../producers/file/line-splitter.ts';

const line = (bytes: Buffer | string, tooLong = false) => ({ number: 7, bytes: Buffer.from(bytes), tooLong });

const rejectOf = (bytes: Buffer | string, tooLong = false) => {
  const read = readLine(line(bytes, tooLong));
  return read.kind === 'reject' ? read.reject : read.kind;
};

describe('a line of a file', () => {
  it('is a report if it is JSON', () => {
    expect(readLine(line('{"type":"coupon_order"}'))).toEqual({
      kind: 'report',
      line: 7,
      report: { type: 'coupon_order' },
    });
  });

  it.each(['', ' ', '\t \t'])('is empty if it is %j', (text) => {
    expect(readLine(line(text))).toEqual({ kind: 'empty' });
  });

  it('is kept as text if it is no JSON', () => {
    expect(rejectOf('{"type":')).toEqual({
      line: 7,
      input: '{"type":',
      violations: [{ path: '', rule: 'json', message: 'must be one JSON value', found: 'text(8)' }],
    });
  });

  it('is refused if it is no UTF-8, even where JSON would not mind', () => {
    const latin1 = Buffer.from('{"page":"caf\u00e9"}', 'latin1');
    expect(rejectOf(latin1)).toMatchObject({ input: '{"page":"caf\ufffd"}', violations: [{ rule: 'utf8' }] });
  });

  it('is kept only at its beginning if it is too long', () => {
    expect(rejectOf('x'.repeat(5000), true)).toEqual({
      line: 7,
      input: 'x'.repeat(1000),
      violations: [{ path: '', rule: 'line_length', message: 'must have at most 5000 bytes', found: 'more' }],
    });
  });
});

describe('a line splitter', () => {
  it('holds no more of an endless line than it may', () => {
    const splitter = new LineSplitter(1000);
    const before = process.memoryUsage().rss;
    for (let megabyte = 0; megabyte < 300; megabyte += 1) splitter.push(Buffer.alloc(1024 * 1024, 'x'));
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
    expect(splitter.push(Buffer.from('\nnext\n')).map(({ tooLong }) => tooLong)).toEqual([true, false]);
  });
});
