import { expect, it } from '@jest/globals';

import { isRight, type Verdict } from '../../../cli/chaos/oracle/verdict.ts';
import { chaosText } from '../../../cli/chaos/text.ts';

const RIGHT: Verdict = {
  records: 1200,
  counted: { same: 1000, missing: [], surplus: [] },
  reported: { same: 1000, missing: [], surplus: [] },
  reordered: [],
  copies: 3,
  differences: [],
};

const run = (verdict: Verdict, clean = true) => ({
  seed: '7',
  minutes: 5,
  faults: new Map([['a consumer killed', 12]]),
  audit: { clean, unaccounted_offsets: clean ? 0 : 4, differences: 0 },
  verdict,
  lives: 20,
  isProven: clean && isRight(verdict),
});

it('tells what was verified, which faults happened, and that all is proven', () => {
  expect(chaosText(run(RIGHT))).toMatchInlineSnapshot(`
   "seed 7, 5 min
          1,200  records published
          1,000  events verified by id in the figures
          1,000  events verified by id at the report API
             20  lives of the stack and of consumers
             12  a consumer killed
              0  unaccounted offsets
              0  differences
              0  orders that the API got in another order
              3  events that the API got more than once
   Proven: nothing was lost, and nothing was counted twice.
   "
  `);
});

const gap = { same: 999, missing: ['an-id'], surplus: [] };

it.each<[what: string, verdict: Verdict, said: string]>([
  ['an event that the figures lack', { ...RIGHT, counted: gap }, 'missing ["an-id"]'],
  [
    'an event that nobody published',
    { ...RIGHT, counted: { ...gap, missing: [], surplus: ['x'] } },
    'surplus ["x"]',
  ],
  ['an event that the API never got', { ...RIGHT, reported: gap }, 'not_reported ["an-id"]'],
  ['an order in another order', { ...RIGHT, reordered: ['app:1'] }, 'reordered ["app:1"]'],
  ['a row that differs', { ...RIGHT, differences: [{ view: 'orders' }] }, 'differences [{"view":"orders"}]'],
])('does not take %s for proven, and names it', (_, verdict, said) => {
  expect(isRight(verdict)).toBe(false);
  expect(chaosText(run(verdict))).toContain(`NOT PROVEN: ${said}`);
});

it('does not take a run for proven whose audit found something', () => {
  expect(chaosText(run(RIGHT, false))).toContain('NOT PROVEN: kaquan audit found something');
});
