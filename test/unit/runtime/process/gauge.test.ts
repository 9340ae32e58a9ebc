import { describe, expect, it } from '@jest/globals';

import { startGauge } from '../../../../runtime/process/gauge.ts';

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('a gauge', () => {
  it('keeps the last value when a read fails, says why, and goes on', async () => {
    let reads = 0;
    const gauge = startGauge(() => {
      reads += 1;
      return reads === 2 ? Promise.reject(new Error('away')) : Promise.resolve(reads);
    }, 50);
    expect(gauge.latest()).toBeUndefined();
    await until(() => gauge.problem() !== undefined);
    expect(gauge.problem()).toMatchObject({ message: 'away' });
    expect(gauge.latest()).toBe(1);
    await until(() => gauge.latest() === 3);
    expect(gauge.problem()).toBeUndefined();
    await gauge.stop();
  });

  it('never asks twice at once, and pauses for longer when answers take long', async () => {
    const began: number[] = [];
    let open = 0;
    const gauge = startGauge(async () => {
      expect(open++).toBe(0);
      began.push(performance.now());
      await new Promise((resolve) => setTimeout(resolve, 40));
      open -= 1;
    }, 1);
    await until(() => began.length === 3);
    await gauge.stop();
    // 40 ms of reading, four times that of rest.
    expect((began[2] ?? 0) - (began[0] ?? 0)).toBeGreaterThan(2 * 5 * 38);
  });

  it('pauses no longer than it may, however long a read took', async () => {
    let reads = 0;
    const gauge = startGauge(
      async () => {
        reads += 1;
        if (reads === 1) await new Promise((resolve) => setTimeout(resolve, 300));
        return performance.now();
      },
      1,
      1,
    );
    await gauge.ready;
    const first = gauge.latest() ?? Number.NaN;
    await until(() => gauge.latest() !== first);
    expect((gauge.latest() ?? Number.NaN) - first).toBeLessThan(2 * 300);
    await gauge.stop();
  });

  it('is not kept from its next turn by one read alone that took long', async () => {
    let reads = 0;
    const ended: number[] = [];
    const gauge = startGauge(async () => {
      reads += 1;
      if (reads === 2) await new Promise((resolve) => setTimeout(resolve, 300));
      ended.push(performance.now());
    }, 1);
    await until(() => ended.length > 2);
    await gauge.stop();
    expect((ended[2] ?? Number.NaN) - (ended[1] ?? Number.NaN)).toBeLessThan(2 * 300);
  });

  it('reads soon again what failed, however rarely it is read', async () => {
    let reads = 0;
    const gauge = startGauge(() => {
      reads += 1;
      return reads === 1 ? Promise.reject(new Error('away')) : Promise.resolve(reads);
    }, 3_600_000);
    await until(() => gauge.latest() === 2);
    expect(gauge.problem()).toBeUndefined();
    await gauge.stop();
  });

  it('is ready when the first read has ended, also badly', async () => {
    const gauge = startGauge(() => Promise.reject(new Error('away')), 3_600_000);
    await gauge.ready;
    expect(gauge.problem()).toMatchObject({ message: 'away' });
    await gauge.stop();
  });

  it('stops without waiting for its next turn', async () => {
    const gauge = startGauge(() => Promise.resolve(1), 3_600_000);
    await until(() => gauge.latest() === 1);
    await gauge.stop();
  });
});
