import { hostname } from 'node:os';

import { duration } from '../runtime/process/duration.ts';
import type { LockOptions } from '../sql/lock.ts';
import { commandLogger } from './connections.ts';
import type { Io } from './io.ts';

/** How a command claims the store, and tells a person whom it waits for. */
export const storeLock = (
  env: Io['env'],
  say: (sentence: string) => unknown,
): Omit<LockOptions, 'staleAfterMs' | 'signal'> => ({
  owner: `${hostname()}:${process.pid}`,
  logger: commandLogger(env),
  now: () => performance.now(),
  onWait: ({ owner, livesMs }) =>
    say(
      `waiting for ${owner}, which migrates or rebuilds the store: until it is done, or, if it was killed, for ` +
        `${duration(Math.max(0, livesMs))} at the most`,
    ),
});
