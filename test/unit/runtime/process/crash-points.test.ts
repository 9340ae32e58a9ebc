import { expect, it } from '@jest/globals';

import { armCrashPoint, crashPoint } from '../../../../runtime/process/crash-points.ts';

it('does nothing unless it was told to', () => {
  expect(() => crashPoint('a')).not.toThrow();
});

it('dies at the n-th passing that counts, and at no other', () => {
  let deaths = 0;
  armCrashPoint('a:2', ['a', 'b'], () => (deaths += 1));
  for (const [point, isWork] of [['a'], ['b'], ['a', false], ['b']] as const) crashPoint(point, isWork);
  expect(deaths).toBe(0);
  crashPoint('a');
  expect(deaths).toBe(1);
});

it.each(['a', 'a:0', 'c:1', 'a:x'])('refuses %s, which names no passing of a known point', (text) => {
  expect(() => armCrashPoint(text, ['a', 'b'])).toThrow('CRASH_AT must be POINT:N, with a point of a, b');
});
