import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';

import { signalled } from './signalled.ts';

/** Something that works until it is stopped. */
export interface Worker {
  /** Ends what is in hand within `graceMs`, and gives the rest up. */
  stop(graceMs: number): Promise<void>;
}

export interface RestOptions {
  /** Starts one; it tells `onEnd` when it can't go on. */
  readonly start: (onEnd: (error: Error) => void) => Promise<Worker>;
  /** Why it has to rest now, as a sentence; undefined: it need not. */
  readonly rest: () => Promise<string | undefined>;
  /** Whether what ended it asks for a rest, and is no failure. */
  readonly isRest: (error: Error) => boolean;
  /** What a rest leaves for work in hand; ms. */
  readonly graceMs: number;
  /** ms */
  readonly pollMs: number;
  readonly logger: Pick<Logger, 'info' | 'debug'>;
  /** It can't go on at all. */
  readonly onFatal: (error: Error) => void;
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/**
 * A worker that rests when it is told to, and then starts anew by itself. Resolves once it works, however long it has to
 * rest before, or is stopped; rejects if it can't start.
 * @param signal gives the first start up while it rests
 */
export async function startRestable(options: RestOptions, signal?: AbortSignal): Promise<Worker> {
  const life = new Life(options);
  const giveUp = (): void => void life.stop(0);
  signal?.addEventListener('abort', giveUp);
  await life.started.finally(() => signal?.removeEventListener('abort', giveUp));
  return life;
}

class Life implements Worker {
  readonly started: Promise<void>;
  readonly #options: RestOptions;
  readonly #stopping = new AbortController();
  readonly #stopped = signalled();
  readonly #over: Promise<void>;
  #graceMs = 0;

  constructor(options: RestOptions) {
    this.#options = options;
    this.#stopping.signal.addEventListener('abort', () => this.#stopped.resolve());
    const first = this.#live();
    this.started = first.then(() => undefined);
    this.#over = first.then((next) => this.#goOn(next)).catch(() => undefined);
  }

  async stop(graceMs: number): Promise<void> {
    this.#graceMs = graceMs;
    this.#stopping.abort();
    await this.#over;
  }

  /** @param life what resolves at the end of the one that works */
  async #goOn(life: Ending): Promise<void> {
    try {
      for (let next = await life(); next; next = await (await this.#live())()) continue;
    } catch (error) {
      this.#options.onFatal(asError(error));
    }
  }

  /** Starts one, after a rest if need be. */
  async #live(): Promise<Ending> {
    await this.#rested();
    if (this.#stopping.signal.aborted) return () => Promise.resolve(false);
    const ended = signalled();
    let how: Error | undefined;
    const end = (error?: Error): void => {
      how ??= error;
      ended.resolve();
    };
    const worker = await this.#options.start(end);
    return async () => {
      const timer = setInterval(
        () => void this.#reason().then((reason) => reason && end()),
        this.#options.pollMs,
      );
      await Promise.race([ended.promise, this.#stopped.promise]);
      clearInterval(timer);
      return this.#end(worker, how);
    };
  }

  /** @returns whether another one is to be started */
  async #end(worker: Worker, how: Error | undefined): Promise<boolean> {
    const { isRest, onFatal, graceMs } = this.#options;
    const isFatal = how !== undefined && !isRest(how);
    if (isFatal && !this.#stopping.signal.aborted) {
      onFatal(how);
      await this.#stopped.promise;
    }
    if (this.#stopping.signal.aborted) await worker.stop(this.#graceMs);
    else await worker.stop(how === undefined ? graceMs : 0);
    return !this.#stopping.signal.aborted;
  }

  /** Resolves when it need not rest, or is stopped. */
  async #rested(): Promise<void> {
    const { signal } = this.#stopping;
    const { logger, pollMs } = this.#options;
    for (let isTold = false; !signal.aborted; isTold = true) {
      const reason = await this.#reason();
      if (reason === undefined) {
        if (isTold) logger.info('going on');
        return;
      }
      if (!isTold) logger.info({ reason }, 'waiting');
      await delay(pollMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One who can't be asked is not obeyed: what needs him will wait for him. */
  async #reason(): Promise<string | undefined> {
    try {
      return await this.#options.rest();
    } catch (error) {
      this.#options.logger.debug({ error: asError(error).message }, 'could not ask whether to rest');
      return undefined;
    }
  }
}

/** Resolves when a worker has ended, with whether another one is to be started. */
type Ending = () => Promise<boolean>;
