import { expect, it } from '@jest/globals';

import type { Audit, Offsets } from '../../../../cli/audit/audit.ts';
import { AuditRounds } from '../../../../cli/audit/rounds.ts';

const found = (clean: boolean): Audit => ({
  clean,
  generation: 1,
  places: [],
  unaccounted_offsets: clean ? 0 : 1,
  orders: { orders: 0, unclaimed: 0, differences: [], truncated: false },
  differences: 0,
  unstarted: [],
});

/** From where each of some rounds looked; 0: all of it. */
async function rounds(results: readonly (boolean | Error)[]): Promise<number[]> {
  const looked: number[] = [];
  let round = 0;
  const audits = new AuditRounds((since: Offsets | undefined) => {
    looked.push(since?.get('orders')?.get(0) ?? 0);
    const result = results[round] ?? true;
    round += 1;
    if (result instanceof Error) return Promise.reject(result);
    return Promise.resolve({ audit: found(result), upTo: new Map([['orders', new Map([[0, round * 10]])]]) });
  });
  for (const result of results) {
    if (result instanceof Error) await expect(audits.next()).rejects.toBe(result);
    else expect((await audits.next()).clean).toBe(result);
  }
  return looked;
}

it('looks at all of it first, and then at what came since the last round that found nothing', async () => {
  expect(await rounds([true, true, true])).toEqual([0, 10, 20]);
});

it('looks at all of it as long as something is found', async () => {
  expect(await rounds([true, false, false, true, true])).toEqual([0, 10, 0, 0, 40]);
});

it('looks once more at what it could not look at', async () => {
  expect(await rounds([true, new Error('away'), true])).toEqual([0, 10, 10]);
});

it('looks at all of it now and then', async () => {
  const looked = await rounds(Array.from({ length: 122 }, () => true));
  expect(looked.flatMap((from, round) => (from === 0 ? [round] : []))).toEqual([0, 60, 120]);
});
