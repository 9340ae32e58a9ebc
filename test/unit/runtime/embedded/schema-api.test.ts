import { describe, expect, it } from '@jest/globals';

import { schemaAnswer } from '../../../../runtime/embedded/clickhouse/schema-api.ts';

const schemas = [
  { subject: 'a/b-value', version: 2, id: 7, schema: '"long"' },
  { subject: 'a/b-value', version: 1, id: 5, schema: '"int"' },
  { subject: 'c-value', version: 1, id: 5, schema: '"int"' },
];
const ask = (path: string) => schemaAnswer(path, schemas);
const found = (body: unknown) => ({ status: 200, body });
const missing = (error_code: number) =>
  expect.objectContaining({ status: 404, body: expect.objectContaining({ error_code }) });

describe('schemaAnswer', () => {
  it('answers as a schema registry does', () => {
    expect(ask('/subjects')).toEqual(found(['a/b-value', 'c-value']));
    expect(ask('/subjects/a%2Fb-value/versions')).toEqual(found([1, 2]));
    expect(ask('/subjects/a%2Fb-value/versions/latest')).toEqual(found(schemas[0]));
    expect(ask('/subjects/a%2Fb-value/versions/1')).toEqual(found(schemas[1]));
    expect(ask('/schemas/ids/5')).toEqual(found({ schema: '"int"' }));
    expect(ask('/schemas/ids/5/versions')).toEqual(
      found([
        { subject: 'a/b-value', version: 1 },
        { subject: 'c-value', version: 1 },
      ]),
    );
    expect(ask('/schemas/types')).toEqual(found(['AVRO']));
  });

  it('says what is missing with the codes of the registry', () => {
    expect(ask('/schemas/ids/6')).toEqual(missing(40403));
    expect(ask('/subjects/x/versions')).toEqual(missing(40401));
    expect(ask('/subjects/c-value/versions/2')).toEqual(missing(40402));
  });

  it('leaves other paths alone', () => {
    for (const path of [
      '/',
      '/ping',
      '/schemas',
      '/subjects/c-value',
      '/subjects/c-value/versions/1/schema',
      '/subjects/%zz/versions',
    ]) {
      expect(ask(path)).toBeUndefined();
    }
  });
});
