import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';

import { createPace } from '../../../consumers/report/pace.ts';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

/** When each of so many events was let through, ms, after a time without any. */
async function letThrough(rate: number, requests: number, seconds: number): Promise<number[]> {
  const pace = createPace(rate, 50);
  const times: number[] = [];
  await jest.advanceTimersByTimeAsync(5000);
  for (let request = 0; request < requests; request++) {
    void pace.clearance(pace.arrayMax).then(() => {
      for (let event = 0; event < pace.arrayMax; event++) times.push(performance.now());
    });
  }
  await jest.advanceTimersByTimeAsync(seconds * 1000);
  return times;
}

it.each([400, 240, 30, 1])('lets no more than %i events through in any second', async (rate) => {
  const times = await letThrough(rate, 60, 10);
  const busiest = Math.max(...times.map((end) => times.filter((at) => at <= end && at >= end - 1000).length));
  expect(busiest).toBeLessThanOrEqual(rate);
  expect(times.length).toBeGreaterThanOrEqual(Math.min(rate * 4, 60 * createPace(rate, 50).arrayMax));
});

it('lets no request be larger than what may leave at once', () => {
  expect([400, 30, 1].map((rate) => createPace(rate, 50).arrayMax)).toEqual([20, 1, 1]);
  expect(createPace(undefined, 50).arrayMax).toBe(50);
});
