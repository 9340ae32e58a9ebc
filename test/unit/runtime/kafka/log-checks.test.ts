import { describe, expect, it } from '@jest/globals';

import type { KafkaAdmin } from '../../../../runtime/kafka/admin.ts';
import { createLogChecks } from '../../../../runtime/kafka/log-checks.ts';

const signal = new AbortController().signal;

/** A log of one partition: its first offset, and the time of each record from there on. */
function checksOf(start: number, times: readonly number[], stored: { offset: number; time: number }) {
  const offset = (index: number): number => start + index;
  const admin: Pick<KafkaAdmin, 'partitionCount' | 'committed' | 'offsets' | 'offsetsAt'> = {
    partitionCount: () => Promise.resolve(1),
    committed: () => Promise.resolve(new Map()),
    offsets: () => Promise.resolve(new Map([[0, { start, end: offset(times.length) }]])),
    offsetsAt(_, time) {
      const found = times.findIndex((of) => of >= time);
      return Promise.resolve(new Map([[0, offset(found < 0 ? times.length : found)]]));
    },
  };
  return createLogChecks({
    admin: admin as KafkaAdmin,
    group: 'orders',
    topic: 'topic',
    partitions: 1,
    acceptGap: false,
    accounted: () => Promise.resolve(new Map([[0, stored.offset + 1]])),
    stored: () => Promise.resolve(new Map([[0, stored]])),
    recordSkips: () => Promise.resolve(),
    mayStart: () => Promise.resolve(),
  });
}

describe('a group that has lost its commits', () => {
  it.each([
    ['from the start of the log that it knows', 0, [10, 20, 30, 40], { offset: 2, time: 30 }],
    ['also where retention left only what is stored last', 2, [30, 40], { offset: 2, time: 30 }],
    ['also where a clock went back for a while', 0, [10, 50, 30, 40], { offset: 2, time: 30 }],
  ])('reads again %s', async (_, start, times, stored) => {
    expect(await checksOf(start, times, stored).starts([0], signal)).toEqual(new Map([[0, start]]));
  });

  it.each([
    ['that was filled beyond it', 0, [50, 60, 70, 80], { offset: 2, time: 30 }],
    ['that has one record', 0, [50], { offset: 0, time: 30 }],
  ])('refuses another log %s', async (_, start, times, stored) => {
    await expect(checksOf(start, times, stored).starts([0], signal)).rejects.toThrow(/recreated or cut/);
  });
});
