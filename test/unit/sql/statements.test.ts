import { describe, expect, it } from '@jest/globals';
import { statementsOf } from '../../../sql/statements.ts';

describe('statementsOf', () => {
  it.each([
    ['ends a statement at its semicolon', 'SELECT 1; SELECT 2;', ['SELECT 1', 'SELECT 2']],
    ['takes a last statement without one', 'SELECT 1;\nSELECT 2', ['SELECT 1', 'SELECT 2']],
    [
      'drops comments, also those with semicolons and quotes',
      "-- it's; a note\nSELECT 1 -- one;\n;",
      ['SELECT 1'],
    ],
    ['keeps semicolons and dashes inside quotes', "SELECT ';--', `a;b`", ["SELECT ';--', `a;b`"]],
    [
      'knows both escapes of a quote',
      "SELECT 'a\\';', 'b'';'; SELECT 2",
      ["SELECT 'a\\';', 'b'';'", 'SELECT 2'],
    ],
    ['keeps a minus', 'SELECT 3 - 2 - -1', ['SELECT 3 - 2 - -1']],
    ['finds nothing in nothing', ' \n-- only a note\n;;', []],
  ])('%s', (_what, text, statements) => {
    expect(statementsOf(text)).toEqual(statements);
  });
});
