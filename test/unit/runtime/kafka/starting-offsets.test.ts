import { describe, expect, it } from '@jest/globals';

import { LogNotWholeError, startingOffsets } from '../../../../runtime/kafka/starting-offsets.ts';

const log = (start: number, end: number) => ({ start, end });

describe('where a partition starts', () => {
  it.each([
    ['a new group, at the start of the log', undefined, log(0, 9), undefined, 0],
    ['a new group, also where retention removed the first', undefined, log(5, 9), undefined, 5],
    ['at the commit', 4, log(0, 9), 4, 4],
    ['at the commit, when more was stored than committed', 4, log(0, 9), 7, 4],
    ['at the start of the log, when the group was deleted', undefined, log(0, 9), 7, 0],
  ])('%s', (_, committed, of, accounted, start) => {
    const { starts, skips } = startingOffsets([{ partition: 1, committed, log: of, accounted }], false);
    expect(starts).toEqual(new Map([[1, start]]));
    expect(skips).toEqual([]);
  });

  it.each([
    ['retention passed the commit', 4, log(6, 9), 4, { first: 4, last: 5 }],
    [
      'retention passed the commit of a group that stored nothing',
      0,
      log(6, 9),
      undefined,
      { first: 0, last: 5 },
    ],
    ['somebody moved the commit', 8, log(0, 9), 4, { first: 4, last: 7 }],
    ['somebody committed for a group that stored nothing', 8, log(2, 9), undefined, { first: 2, last: 7 }],
    ['the group is gone and the log has lost what follows', undefined, log(6, 9), 4, { first: 4, last: 5 }],
  ])('refuses a gap: %s; and goes on behind it when told', (_, committed, of, accounted, gap) => {
    const facts = [{ partition: 1, committed, log: of, accounted }];
    expect(() => startingOffsets(facts, false)).toThrow(LogNotWholeError);
    expect(() => startingOffsets(facts, false)).toThrow(/--accept-gap/);
    expect(startingOffsets(facts, true).skips).toEqual([{ partition: 1, ...gap, reason: 'accepted_gap' }]);
    expect(startingOffsets(facts, true).starts).toEqual(new Map([[1, gap.last + 1]]));
  });

  it.each([
    ['the commit', 12, undefined],
    ['what is stored', undefined, 12],
  ])('refuses a log that ends before %s, also when told to accept gaps', (_, committed, accounted) => {
    const facts = [{ partition: 1, committed, log: log(0, 9), accounted }];
    expect(() => startingOffsets(facts, true)).toThrow(/recreated or cut/);
  });

  it('refuses a log that is another one, though it reaches beyond what is stored', () => {
    const facts = [{ partition: 1, committed: undefined, log: log(0, 99), accounted: 12, isAnew: true }];
    expect(() => startingOffsets(facts, true)).toThrow(
      /first record is later .* recreated or cut\. Run `kaquan rebuild/,
    );
  });
});
