import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  deadLetterRecord,
  readDeadLetter,
  type DeadLetter,
  type Headers,
} from '../../../../runtime/kafka/dead-letters.ts';
import { isForAnother, redriveHeaders, redriveOf } from '../../../../runtime/kafka/redrive.ts';

const bytes = fc.uint8Array({ maxLength: 40 }).map((all) => Buffer.from(all));
const names = fc.oneof(
  fc.string({ minLength: 1 }),
  fc.constantFrom('dlq_reason', 'dlq_topic', 'redrive_group'),
);
const headers = fc.dictionary(names, fc.oneof(bytes, fc.array(bytes, { minLength: 2, maxLength: 3 })), {
  noNullPrototype: true,
});
const origins = fc.record({
  topic: fc.string({ minLength: 1 }),
  generation: fc.nat(),
  partition: fc.nat(),
  offset: fc.maxSafeNat(),
  time: fc.maxSafeNat(),
});
const letters: fc.Arbitrary<DeadLetter> = fc
  .record({
    group: fc.string(),
    reason: fc.string({ minLength: 1 }),
    detail: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
    at: fc.maxSafeNat(),
    origin: fc.option(origins, { nil: undefined }),
    key: fc.option(bytes),
    value: fc.option(bytes),
    headers,
  })
  .map(({ detail, origin, ...letter }) => ({
    ...letter,
    ...(detail !== undefined && { detail }),
    ...(origin !== undefined && { origin }),
  }));

/** A record as Kafka gives it back: header values are bytes. */
function fetched(letter: DeadLetter) {
  const { key, value, headers: written = {} } = deadLetterRecord(letter);
  const read = Object.entries(written).map(([name, texts]) => {
    const all = [texts].flat().map((text) => Buffer.from(text));
    return [name, all.length > 1 ? all : all[0]] as const;
  });
  return { key, value, headers: Object.fromEntries(read) };
}

describe('a dead letter', () => {
  it('is read back as it was written, also one whose record was a dead letter before', () => {
    fc.assert(
      fc.property(letters, (letter) => {
        expect(readDeadLetter(fetched(letter))).toEqual(letter);
      }),
      { seed: 41 },
    );
  });

  it('may have come over HTTP, from no place in Kafka', () => {
    const letter = { group: 'g', reason: 'invalid', at: 1, key: null, value: Buffer.from('{}'), headers: {} };
    expect(readDeadLetter(fetched(letter))).toEqual(letter);
  });

  it('is no other record', () => {
    expect(readDeadLetter({ key: null, value: null, headers: {} })).toBeUndefined();
  });

  it('keeps a header without a value as an empty one, for kafkajs can not write it', () => {
    const withoutValue = JSON.parse('{"trace":null}') as Headers;
    const letter = { group: 'g', reason: 'r', at: 1, key: null, value: null, headers: withoutValue };
    expect(deadLetterRecord(letter).headers).toMatchObject({ trace: '' });
  });
});

describe('a redriven record', () => {
  it('names the group that handles it, and how many times it was redriven', () => {
    const again = redriveHeaders(redriveHeaders({ trace: 'x' }, { group: 'a', count: 1 }), {
      group: 'a',
      count: 2,
    });
    expect(again).toEqual({ trace: 'x', redrive_group: 'a', redrive_count: '2' });
    expect(redriveOf(again)).toEqual({ group: 'a', count: 2 });
  });

  it('is for no other group', () => {
    const redriven = redriveHeaders({}, { group: 'a', count: 1 });
    expect([isForAnother(redriven, 'a'), isForAnother(redriven, 'b'), isForAnother({}, 'b')]).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('was redriven at least once, whatever a stranger wrote as its count', () => {
    for (const count of ['', 'x', '-1', '0', '1e99'])
      expect(redriveOf({ redrive_group: 'a', redrive_count: count })).toEqual({ group: 'a', count: 1 });
  });
});
