import { describe, expect, it } from '@jest/globals';

import { Lane } from '../../../../runtime/embedded/clickhouse/lane.ts';

const NEVER = new AbortController().signal;

/** A task that ends when it is told. */
function task(lane: Lane, signal = NEVER) {
  let end = (): void => undefined;
  const promise = new Promise<void>((resolve) => (end = resolve));
  let began = false;
  const done = lane.run(signal, () => {
    began = true;
    return promise;
  });
  return { done, end, began: () => began };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('Lane', () => {
  it('runs as many as it has sessions, the next in the order of arrival', async () => {
    const lane = new Lane('look-ups', 2, 10);
    const tasks = [task(lane), task(lane), task(lane), task(lane)];
    expect(tasks.map((one) => one.began())).toEqual([true, true, false, false]);
    tasks[1]?.end();
    await turn();
    expect(tasks.map((one) => one.began())).toEqual([true, true, true, false]);
    for (const one of tasks) one.end();
    await Promise.all(tasks.map((one) => one.done));
    expect(tasks[3]?.began()).toBe(true);
  });

  it('refuses with code 202 when its queue is full, and is free again after a failure', async () => {
    const lane = new Lane('inserts', 1, 1);
    const failing = expect(lane.run(NEVER, () => Promise.reject(new Error('broken')))).rejects.toThrow(
      'broken',
    );
    const waiting = task(lane);
    await expect(lane.run(NEVER, () => Promise.resolve())).rejects.toMatchObject({ code: 202 });
    await failing;
    await turn();
    expect(waiting.began()).toBe(true);
    waiting.end();
    await waiting.done;
    await lane.run(NEVER, () => Promise.resolve());
  });

  it('forgets who gives up while waiting', async () => {
    const lane = new Lane('analysts', 1, 1);
    const running = task(lane);
    const gone = new AbortController();
    const waiting = task(lane, gone.signal);
    gone.abort(new Error('gone'));
    await expect(waiting.done).rejects.toThrow('gone');
    const next = task(lane);
    running.end();
    await running.done;
    await turn();
    expect([waiting.began(), next.began()]).toEqual([false, true]);
    next.end();
    await next.done;
  });
});
