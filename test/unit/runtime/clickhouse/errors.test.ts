import { describe, expect, it } from '@jest/globals';
import {
  isDataRefusal,
  parseClickHouseError,
  TransportError,
} from '../../../../runtime/clickhouse/errors.ts';

const UNKNOWN_TABLE =
  'Code: 60. DB::Exception: Table kaquan_store.events does not exist. (UNKNOWN_TABLE) (version 26.7.2.1 (official build))';
const BAD_NUMBER =
  "Code: 72. DB::Exception: Cannot parse number: 'ogN6X0T-buyer' (at row 3) (CANNOT_PARSE_NUMBER) (version 26.7.2.1)";

describe('ClickHouseError', () => {
  it('carries code, type and status', () => {
    const error = parseClickHouseError(UNKNOWN_TABLE, 404);
    expect(error).toMatchObject({ code: 60, type: 'UNKNOWN_TABLE', status: 404 });
    expect(error.message).toContain('Table kaquan_store.events does not exist');
  });

  it('never quotes rows in its message, nor as a property that a logger would print', () => {
    const error = parseClickHouseError(BAD_NUMBER, 400);
    expect(error).toMatchObject({ code: 72, type: 'CANNOT_PARSE_NUMBER' });
    expect(`${error.message} ${JSON.stringify(error)} ${error.stack ?? ''}`).not.toContain('buyer');
    expect(error.detail).toContain('buyer');
  });

  it('quotes only the start of a long text, before the query that it repeats', () => {
    const error = parseClickHouseError(
      `Code: 47. DB::Exception: Unknown x ${'y'.repeat(500)} (UNKNOWN_IDENTIFIER)`,
      404,
    );
    expect(error.message.length).toBeLessThan(320);
  });

  it('takes the innermost of a wrapped error, and a page of a proxy as code 0', () => {
    const wrapped = `Code: 57. DB::Exception: There was an error on [h:9000]: ${UNKNOWN_TABLE}. (TABLE_ALREADY_EXISTS) (version 1)`;
    expect(parseClickHouseError(wrapped, 500)).toMatchObject({ code: 57, type: 'TABLE_ALREADY_EXISTS' });
    expect(parseClickHouseError('<html>bad gateway</html>', 502)).toMatchObject({
      code: 0,
      type: '',
      status: 502,
    });
  });
});

describe('isDataRefusal', () => {
  const refusal = (code: number, text = 'x') =>
    parseClickHouseError(`Code: ${code}. DB::Exception: ${text} (T_T_T)`, 400);

  it.each([6, 26, 27, 32, 33, 38, 41, 53, 69, 70, 72, 117, 131, 349, 469, 691])(
    'blames the rows for %i',
    (code) => {
      expect(isDataRefusal(refusal(code))).toBe(true);
    },
  );

  it.each([
    [0, 'no ClickHouse at all'],
    [16, 'a column is missing'],
    [60, 'the table is missing'],
    [62, 'our query is wrong'],
    [159, 'too slow'],
    [164, 'read-only'],
    [202, 'too many queries'],
    [241, 'memory'],
    [242, 'table is read-only'],
    [243, 'no space'],
    [252, 'too many parts'],
    [516, 'password'],
  ])('waits for %i: %s', (code) => {
    expect(isDataRefusal(refusal(code))).toBe(false);
  });

  it('tells the exceptions of Avro from all others that come without a code of their own', () => {
    expect(isDataRefusal(refusal(1001, 'avro::Exception: Invalid data'))).toBe(true);
    expect(isDataRefusal(refusal(1001, 'std::bad_alloc'))).toBe(false);
  });

  it('waits when there was no answer', () => {
    expect(isDataRefusal(new TransportError('timeout', 'late'))).toBe(false);
    expect(isDataRefusal(new Error('x'))).toBe(false);
  });
});
