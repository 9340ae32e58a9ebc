import { describe, expect, it } from '@jest/globals';

import { addressOf } from '../../../../runtime/embedded/address.ts';
import { ServerError, statusOf } from '../../../../runtime/embedded/clickhouse/errors.ts';
import { javaCommand, majorVersionOf } from '../../../../runtime/embedded/kafka/java.ts';

describe('majorVersionOf', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime…', 17],
    ['java version "1.8.0_402"', 8],
    ['openjdk version "21" 2023-09-19', 21],
    ['what?', undefined],
  ])('%j', (said, version) => {
    expect(majorVersionOf(said)).toBe(version);
  });
});

it('takes Java from JAVA_HOME first', () => {
  expect([javaCommand('/opt/java'), javaCommand(''), javaCommand(undefined)]).toEqual([
    '/opt/java/bin/java',
    'java',
    'java',
  ]);
});

describe('addressOf', () => {
  it.each([
    ['127.0.0.1:9092', { host: '127.0.0.1', port: 9092 }],
    ['http://localhost:8123', { host: 'localhost', port: 8123 }],
    ['[::1]:0', { host: '::1', port: 0 }],
  ])('%s', (text, address) => {
    expect(addressOf(text, 'X')).toEqual(address);
  });

  it.each(['a:1,b:2', 'localhost', 'https://'])('refuses %s, naming the setting', (text) => {
    expect(() => addressOf(text, 'KAFKA_BROKERS')).toThrow(/^KAFKA_BROKERS: .*one host:port/);
  });
});

describe('ServerError', () => {
  it('keeps the words of the engine, and finds their code', () => {
    const text = "Code: 60. DB::Exception: Unknown table expression identifier 'x'. (UNKNOWN_TABLE)";
    const error = ServerError.from(new Error(text));
    expect([error.code, error.message, statusOf(error.code)]).toEqual([60, text, 404]);
  });

  it('tells an error once, and without the place that the data were put', () => {
    const engine =
      'Code: 27. DB::Exception: Code: 27. DB::Exception: Cannot parse input: (at row 2)\n: (in file/uri /d/spool/0a-b): ' +
      'While executing File: data for INSERT was parsed from file. (CANNOT_PARSE) (version 26.7.2.1). (CANNOT_PARSE)';
    expect(ServerError.from(new Error(engine)).message).toBe(
      'Code: 27. DB::Exception: Cannot parse input: (at row 2)\n: While executing File. (CANNOT_PARSE)',
    );
  });

  it('tells an error that is wrapped twice once, and what is wrong with a text without the query that looked at it', () => {
    const name = 'Code: 73. DB::Exception: ';
    const tail = ' (UNKNOWN_FORMAT) (version 26.7.2.1).';
    const twice = `${name}${name}${name}Unknown format N.${tail}${tail} (UNKNOWN_FORMAT)`;
    expect(ServerError.from(twice).message).toBe(`${name}Unknown format N. (UNKNOWN_FORMAT)`);
    const look = `: In scope SELECT formatQuerySingleLine('SELEC \\'1\\'')`;
    expect(
      ServerError.from(`Code: 62. DB::Exception: Syntax error: at 1${look}. (SYNTAX_ERROR)`).message,
    ).toBe('Code: 62. DB::Exception: Syntax error: at 1. (SYNTAX_ERROR)');
  });

  it('gives what has no code one', () => {
    expect(ServerError.from('boom').message).toBe('Code: 1002. DB::Exception: boom (UNKNOWN_EXCEPTION)');
  });

  it.each([
    [62, 400],
    [516, 403],
    [497, 403],
    [159, 408],
    [202, 503],
    [241, 500],
    [344, 501],
  ])('code %i is status %i', (code, status) => {
    expect(statusOf(code)).toBe(status);
  });
});
