import { describe, expect, it } from '@jest/globals';

import { dueTimes } from '../../../producers/simulator/pace.ts';
import { ManualClock, settled } from './manual-clock.ts';

function start(rate: number, seconds?: number) {
  const clock = new ManualClock();
  const stopping = new AbortController();
  const times: number[] = [];
  const ended = (async () => {
    for await (const piece of dueTimes({ rate, seconds, clock }, stopping.signal)) times.push(...piece);
  })();
  return { clock, stopping, times, ended, began: clock.now() };
}

describe('a pace', () => {
  it('gives exactly rate × seconds times, evenly spaced and never before they have come', async () => {
    const { clock, times, ended, began } = start(40, 3);
    await settled();
    expect(times).toEqual([began]);
    await clock.advance(1000, 7);
    expect(times).toHaveLength(41);
    await clock.advance(3000, 13);
    await ended;
    expect(times).toEqual(Array.from({ length: 120 }, (_, index) => began + index * 25));
  });

  it('does not drift: what a slow reader missed follows at once', async () => {
    const { clock, times, stopping, ended, began } = start(1000);
    await clock.advance(5000, 5000);
    await clock.advance(100, 10);
    expect(times.length).toBe(5101);
    expect(times.at(-1)).toBe(began + 5100);
    stopping.abort();
    await ended;
  });

  it('begins anew after a gap that nobody catches up with', async () => {
    const { clock, times, stopping, ended, began } = start(1000);
    await settled();
    await clock.advance(3_600_000, 3_600_000);
    await clock.advance(100, 10);
    expect(times.length).toBeLessThan(200);
    expect(times[1]).toBe(began + 3_600_000);
    stopping.abort();
    await ended;
  });

  it('ends when it is told to, also while it waits', async () => {
    const { times, stopping, ended } = start(1);
    await settled();
    stopping.abort();
    await ended;
    expect(times).toHaveLength(1);
  });
});
