import { describe, expect, it } from '@jest/globals';

import { Beats } from '../../../../runtime/kafka/join-again.ts';

const INTERVAL = 3000;

describe('the heartbeats of a member', () => {
  it('are missing when fetches begin interval after interval, and none is heard', () => {
    const beats = new Beats(INTERVAL);
    expect([1, 2, 3, 4].map((n) => beats.areMissing(n * INTERVAL))).toEqual([false, false, false, true]);
    beats.heard();
    expect(beats.areMissing(5 * INTERVAL)).toBe(false);
  });

  it('are not, however many fetches begin within an interval', () => {
    const beats = new Beats(INTERVAL);
    for (let n = 0; n < 1000; n += 1) expect(beats.areMissing(INTERVAL + n)).toBe(false);
  });

  it('are not while one is heard now and then', () => {
    const beats = new Beats(INTERVAL);
    for (let n = 1; n < 100; n += 1) {
      expect(beats.areMissing(n * INTERVAL)).toBe(false);
      if (n % 3 === 0) beats.heard();
    }
  });

  it('are not when the process was stopped for long: one may come before the next fetch', () => {
    const beats = new Beats(INTERVAL);
    expect(beats.areMissing(INTERVAL)).toBe(false);
    expect(beats.areMissing(100 * INTERVAL)).toBe(false);
  });
});
