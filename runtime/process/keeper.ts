import type { Child, Ended } from './children.ts';

export interface KeeperOptions {
  /** Told each time the child ended by itself. @param inMs when it starts again */
  readonly onEnd: (ended: Ended, inMs: number) => void;
  /** ms of the first pause; it doubles to `maxPauseMs`, and falls back once a child has lived for a minute. */
  readonly pauseMs?: number;
  readonly maxPauseMs?: number;
  readonly clock?: () => number;
}

/** A child that is started again, after a growing pause, whenever it ends. */
export interface Keeper {
  /** The process of this moment. */
  current(): Child;
  /** Ends it for good. */
  stop(graceMs: number): Promise<void>;
}

const LIVED_MS = 60_000;

export function keepRunning(
  start: () => Child,
  { onEnd, pauseMs = 500, maxPauseMs = 15_000, clock = Date.now }: KeeperOptions,
): Keeper {
  let child = start();
  let startedAt = clock();
  let pause = pauseMs;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  const watch = (watched: Child): void => {
    void watched.ended.then((ended) => {
      if (stopped) return;
      if (clock() - startedAt > LIVED_MS) pause = pauseMs;
      onEnd(ended, pause);
      timer = setTimeout(again, pause);
      pause = Math.min(pause * 2, maxPauseMs);
    });
  };
  const again = (): void => {
    child = start();
    startedAt = clock();
    watch(child);
  };
  watch(child);

  return {
    current: () => child,
    async stop(graceMs) {
      stopped = true;
      clearTimeout(timer);
      await child.stop(graceMs);
    },
  };
}
