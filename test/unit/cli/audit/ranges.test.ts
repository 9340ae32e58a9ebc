import { expect, it } from '@jest/globals';
import fc from 'fast-check';

import { lengthOf, rangesOf, within, without, type OffsetRange } from '../../../../cli/audit/ranges.ts';

const offsets = fc.uniqueArray(fc.nat(60)).map((all) => all.sort((a, b) => a - b));
const range = fc
  .tuple(fc.nat(60), fc.nat(20))
  .map(([first, length]): OffsetRange => ({ first, last: first + length }));

const members = (ranges: readonly OffsetRange[]): number[] =>
  ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i));

const holds = (ranges: readonly OffsetRange[], offset: number): boolean =>
  ranges.some(({ first, last }) => first <= offset && offset <= last);

it('ranges are the offsets that they are made of, whatever is cut out of them or kept', () => {
  fc.assert(
    fc.property(offsets, fc.array(range, { maxLength: 4 }), range, (all, covers, window) => {
      const ranges = rangesOf(all);
      expect(members(ranges)).toEqual(all);
      expect(lengthOf(ranges)).toBe(all.length);
      expect(members(without(ranges, covers))).toEqual(all.filter((offset) => !holds(covers, offset)));
      expect(members(within(ranges, window))).toEqual(all.filter((offset) => holds([window], offset)));
    }),
    { seed: 7 },
  );
});
