import { describe, expect, it } from '@jest/globals';
import {
  identifier,
  pairsCondition,
  stringLiteral,
  tupleList,
} from '../../../../runtime/clickhouse/literals.ts';

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

  it('makes a condition of pairs, grouped by the first', () => {
    const pairs = [
      ['wx1', '1'],
      ['wx2', "o'2"],
      ['wx1', '3'],
    ] as const;
    expect(pairsCondition(['app_id', 'order_id'], pairs)).toBe(
      "((`app_id`='wx1' AND `order_id` IN ('1','3')) OR (`app_id`='wx2' AND `order_id` IN ('o\\'2')))",
    );
    expect(pairsCondition(['app_id', 'order_id'], [])).toBe('0');
  });

  it('escapes backquotes of identifiers', () => {
    expect(identifier('a`b')).toBe('`a\\`b`');
  });
});
