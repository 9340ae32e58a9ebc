import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { oldestAge } from '../../../../runtime/kafka/lag.ts';

const search = async (age: number): Promise<{ found: number; asked: number }> => {
  let asked = 0;
  const found = await oldestAge((older) => {
    asked += 1;
    return Promise.resolve(age > older);
  });
  return { found, asked };
};

describe('the age of the oldest record', () => {
  it('is right within a tenth, or a quarter of a second, in few questions', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 365 * 86_400_000 }), async (age) => {
        const { found, asked } = await search(age);
        expect(found).toBeGreaterThanOrEqual(age);
        expect(found - age).toBeLessThanOrEqual(Math.max(250, found / 10));
        expect(asked).toBeLessThan(40);
      }),
    );
  });

  it('of a record of this moment is no more than a quarter of a second', async () => {
    expect((await search(0)).found).toBeLessThanOrEqual(250);
  });
});
