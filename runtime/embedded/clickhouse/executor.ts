import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { ServerError } from './errors.ts';
import type { EngineLocation, FromExecutor, Job, ToExecutor } from './job.ts';
import type { Piece } from './run-job.ts';

/** A thread that runs one job at a time. */
class Executor {
  readonly #worker: Worker;
  broken = false;

  constructor(location: EngineLocation) {
    this.#worker = new Worker(new URL('./executor-thread.js', import.meta.url), { workerData: location });
    this.#worker.once('error', () => (this.broken = true));
  }

  async *run(job: Job): AsyncGenerator<Piece> {
    this.#send({ kind: 'run', job });
    let message = await this.#next();
    try {
      while (message.kind === 'chunk') {
        yield message;
        this.#send({ kind: 'next' });
        message = await this.#next();
      }
    } finally {
      // Left early: the thread holds a piece that nobody asked the next one of.
      while (message.kind === 'chunk') {
        this.#send({ kind: 'stop' });
        message = await this.#next();
      }
    }
    if (message.kind === 'failed') throw ServerError.from(message.message);
  }

  #send(message: ToExecutor): void {
    this.#worker.postMessage(message);
  }

  async #next(): Promise<FromExecutor> {
    const [message] = (await once(this.#worker, 'message')) as [FromExecutor];
    return message;
  }
}

/** Executors, made when they are needed and kept: as many as ever ran at once. */
export class Executors {
  readonly #location: EngineLocation;
  readonly #idle: Executor[] = [];

  constructor(location: EngineLocation) {
    this.#location = location;
  }

  /** @throws {ServerError} what the engine refused with */
  async *run(job: Job): AsyncGenerator<Piece> {
    const executor = this.#idle.pop() ?? new Executor(this.#location);
    try {
      yield* executor.run(job);
    } finally {
      if (!executor.broken) this.#idle.push(executor);
    }
  }
}
