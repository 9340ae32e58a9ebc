import { expect, it } from '@jest/globals';

import { startRestable, type RestOptions, type Worker } from '../../../../runtime/process/restable.ts';
import { signalled } from '../../../../runtime/process/signalled.ts';

class Rest extends Error {}

/** Workers that note what becomes of them, told to rest as long as `reason` says something. */
function scene(reason?: string) {
  const notes: string[] = [];
  const changes = new Set<() => void>();
  const note = (text: string): void => {
    notes.push(text);
    for (const change of changes) change();
  };
  const told = { reason, end: (_: Error): void => undefined };
  const options: RestOptions = {
    start: (onEnd) => {
      told.end = onEnd;
      note('started');
      return Promise.resolve<Worker>({
        stop: (graceMs) => {
          note(`stopped ${graceMs}`);
          return Promise.resolve();
        },
      });
    },
    rest: () => Promise.resolve(told.reason),
    isRest: (error) => error instanceof Rest,
    graceMs: 80,
    pollMs: 1,
    logger: { info: (...args: unknown[]) => note(String(args.at(-1))), debug: () => undefined },
    onFatal: (error) => note(`fatal ${error.message}`),
  };
  /** Resolves when so many notes are made. */
  const count = async (most: number): Promise<string[]> => {
    while (notes.length < most) {
      const change = signalled();
      changes.add(change.resolve);
      await change.promise;
    }
    return notes;
  };
  return { options, told, count };
}

it('stops with grace when it has to rest, and starts anew by itself', async () => {
  const { options, told, count } = scene();
  const worker = await startRestable(options);
  told.reason = 'because';
  expect(await count(3)).toEqual(['started', 'stopped 80', 'waiting']);
  told.reason = undefined;
  expect(await count(5)).toEqual(['started', 'stopped 80', 'waiting', 'going on', 'started']);
  await worker.stop(7);
  expect((await count(6)).at(-1)).toBe('stopped 7');
});

it('starts anew at once after what only asks for a rest, and leaves a failure to its owner', async () => {
  const { options, told, count } = scene();
  const worker = await startRestable(options);
  told.end(new Rest());
  expect(await count(3)).toEqual(['started', 'stopped 0', 'started']);
  told.end(new Error('broken'));
  expect((await count(4)).at(-1)).toBe('fatal broken');
  await worker.stop(0);
  expect((await count(5)).slice(4)).toEqual(['stopped 0']);
});

it('does not start while it has to rest, and gives that up', async () => {
  const { options, count } = scene('because');
  const giveUp = new AbortController();
  const starting = startRestable(options, giveUp.signal);
  expect(await count(1)).toEqual(['waiting']);
  giveUp.abort();
  await (await starting).stop(0);
  expect(await count(1)).toEqual(['waiting']);
});

it('rejects if it cannot start, and tells the owner if it cannot start again', async () => {
  const broken = scene();
  await expect(
    startRestable({ ...broken.options, start: () => Promise.reject(new Error('no')) }),
  ).rejects.toThrow('no');
  const { options, told, count } = scene();
  let starts = 0;
  const worker = await startRestable({
    ...options,
    start: (onEnd) => (starts++ === 0 ? options.start(onEnd) : Promise.reject(new Error('no'))),
  });
  told.end(new Rest());
  expect(await count(3)).toEqual(['started', 'stopped 0', 'fatal no']);
  await worker.stop(0);
});
