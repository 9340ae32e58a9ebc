import { describe, expect, it } from '@jest/globals';
import { identifier, stringLiteral, tupleList } from '../../../../runtime/clickhouse/literals.ts';

describe('literals', () => {
  it.each([
    ["it's", "'it\\'s'"],
    ['back\\slash', "'back\\\\slash'"],
    ['a\nb\tc\0', "'a\\nb\\tc\\0'"],
    ['订单-1', "'订单-1'"],
    ['', "''"],
  ])('escapes %j', (text, literal) => {
    expect(stringLiteral(text)).toBe(literal);
  });

  it('makes the right side of an IN', () => {
    expect(
      tupleList([
        ['wx1', "o'1"],
        ['wx1', 'o2'],
      ]),
    ).toBe("(('wx1','o\\'1'),('wx1','o2'))");
  });

  it('escapes backquotes of identifiers', () => {
    expect(identifier('a`b')).toBe('`a\\`b`');
  });
});
