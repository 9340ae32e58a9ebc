import { describe, expect, it } from '@jest/globals';

import {
  dataInsertOf,
  isInsert,
  isRead,
  outputFormatOf,
} from '../../../../runtime/embedded/clickhouse/statement.ts';
import { tokens } from '../../../../runtime/embedded/clickhouse/tokens.ts';

const split = (text: string) => {
  const bytes = Buffer.from(text);
  const insert = dataInsertOf(bytes);
  return insert && [insert.reading('/f').replaceAll(/\s+/g, ' '), bytes.toString('utf8', insert.dataAt)];
};

describe('dataInsertOf', () => {
  it.each([
    ['INSERT INTO t FORMAT CSV\n1,2\n', "INSERT INTO t FROM INFILE '/f' FORMAT CSV", '1,2\n'],
    [
      'insert into t(a) format JSONEachRow {"a":1}',
      "insert into t(a) FROM INFILE '/f' FORMAT JSONEachRow",
      '{"a":1}',
    ],
    ['INSERT INTO t VALUES (1)', "INSERT INTO t FROM INFILE '/f' FORMAT Values", '(1)'],
    ['INSERT INTO t FORMAT RowBinary', "INSERT INTO t FROM INFILE '/f' FORMAT RowBinary", ''],
    ['INSERT INTO t FORMAT TSV  \r\n \n', "INSERT INTO t FROM INFILE '/f' FORMAT TSV", ' \n'],
    [
      'INSERT INTO t SETTINGS a=1 FORMAT CSV 1',
      "INSERT INTO t FROM INFILE '/f' SETTINGS a=1 FORMAT CSV",
      '1',
    ],
    [
      'INSERT INTO `values` (`format`, "x FORMAT y") /* FORMAT z */ FORMAT CSV 1',
      'INSERT INTO `values` (`format`, "x FORMAT y") /* FORMAT z */ FROM INFILE \'/f\' FORMAT CSV',
      '1',
    ],
    [
      "INSERT INTO t SELECT a, '卡 FORMAT' FROM input('a Int8') WHERE a > 0 FORMAT Avro\nOBJ",
      "INSERT INTO t SELECT a, '卡 FORMAT' FROM file('/f', 'Avro', 'a Int8') WHERE a > 0 ",
      'OBJ',
    ],
    ['INSERT INTO d.format FORMAT CSV 1', "INSERT INTO d.format FROM INFILE '/f' FORMAT CSV", '1'],
  ])('%j', (text, statement, data) => {
    expect(split(text)).toEqual([statement, data]);
  });

  it.each([
    'SELECT 1 FORMAT CSV',
    'INSERT INTO t SELECT 1',
    "INSERT INTO t SELECT a FROM u WHERE b = 'FORMAT CSV'",
    'INSERT INTO t SELECT * FROM u FORMAT Null',
    'CREATE TABLE x (a Int8)',
    '',
  ])('has no data: %j', (text) => {
    expect(split(text)).toBeUndefined();
  });

  it('counts bytes, not characters', () => {
    expect(split("INSERT INTO t /* 卡券 */ FORMAT CSV\n'卡'")?.[1]).toBe("'卡'");
  });

  it('looks no further than the statement', () => {
    const insert = dataInsertOf(
      Buffer.concat([Buffer.from('INSERT INTO t FORMAT RowBinary\n'), Buffer.alloc(1e6, "'")]),
    );
    expect(insert?.dataAt).toBe(31);
  });
});

describe('outputFormatOf', () => {
  it.each([
    ['SELECT 1 FORMAT JSON', 'JSON'],
    ['SELECT 1 format JSON SETTINGS max_threads=1;', 'JSON'],
    ['SELECT 1 SETTINGS max_threads=1 FORMAT CSV -- FORMAT TSV', 'CSV'],
    ["SELECT 'FORMAT JSON'", undefined],
    ['SELECT 1 AS "FORMAT JSON"', undefined],
    [`SELECT 1 WHERE x IN (${'1,'.repeat(50_000)}1) FORMAT RowBinary`, 'RowBinary'],
    [`SELECT 1 WHERE x IN (${"'FORMAT JSON',".repeat(8_000)}1)`, undefined],
  ])('%#', (sql, format) => {
    expect(outputFormatOf(sql)).toBe(format);
  });
});

it('knows what a statement does by its first word', () => {
  expect(
    ['select 1', '(SELECT 1)', '-- x\n/* y */ WITH 1 AS a SELECT a', 'FROM t SELECT 1'].map(isRead),
  ).toEqual(Array<boolean>(4).fill(true));
  expect(['', 'INSERT INTO t SELECT 1', 'DROP TABLE select'].map(isRead)).toEqual([false, false, false]);
  expect([' insert into t', 'select 1'].map(isInsert)).toEqual([true, false]);
});

it('reads strings, identifiers and comments as ClickHouse does', () => {
  const texts = (sql: string) => [...tokens(sql)].map(({ text }) => text);
  expect(texts(`a 'b''c\\'d' "e" \`f\\\`g\` $x$h'i$x$ #! j\n k/*l*/.m -- n`)).toEqual([
    'a',
    "'b''c\\'d'",
    '"e"',
    '`f\\`g`',
    "$x$h'i$x$",
    'k',
    '.',
    'm',
  ]);
  expect(texts("'unfinished")).toEqual(["'unfinished"]);
});
