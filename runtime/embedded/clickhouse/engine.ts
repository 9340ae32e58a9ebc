import { randomUUID } from 'node:crypto';
import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';

import { hasCode } from '../error-code.ts';
import { engineArguments, type Users } from './access.ts';
import { loadAddon, type Addon, type Connection } from './addon.ts';
import { ServerError } from './errors.ts';
import { Executors } from './executor.ts';
import { FailedWrites } from './failed-writes.ts';
import type { Job } from './job.ts';
import type { Piece } from './run-job.ts';
import { killStatement } from './session.ts';
import { isShortRead, ShortReads } from './short-reads.ts';
import { isRead } from './statement.ts';

export interface SpoolFile {
  readonly path: string;
  remove(): void;
}

/** ClickHouse in this process, on one data directory. */
export interface Engine {
  /** Runs a statement; its answer in pieces. The query is cancelled when `signal` aborts. */
  run(job: Job, signal: AbortSignal): AsyncGenerator<Piece>;
  /**
   * Writes `data` to a file that the engine can read. All data of inserts go this way: where they follow the statement,
   * the engine takes a blank line for their end, also inside a binary format, and the rest for the next statement.
   */
  spool(data: Readable): Promise<SpoolFile>;
  close(): Promise<void>;
}

export interface EngineOptions {
  /** Holds `data`, `config` and `spool`. */
  readonly folder: string;
  readonly users: Users;
  /** The database that analysts see. */
  readonly readable: string;
  /** Called when the disk has refused a write: the process has to end, at once, and may start again. */
  readonly onFailedWrite: () => void;
}

/**
 * Opens the engine; the first connection takes a second.
 * @throws {Error} if the platform's library is missing, or another process has the directory open
 */
export async function openEngine({ folder, users, readable, onFailedWrite }: EngineOptions): Promise<Engine> {
  const addon = loadAddon();
  const path = join(folder, 'data');
  const spool = join(folder, 'spool');
  rmSync(spool, { recursive: true, force: true });
  mkdirSync(spool, { recursive: true });
  const args = engineArguments(join(folder, 'config'), users, readable);
  // It also keeps the engine alive between requests: the last connection to close ends it.
  const control = addon.CreateConnection(path, args);
  await addon.QueryAsyncConnection(control, 'SELECT 1', 'Null');
  const guard = addon.CreateConnection(path, args);
  const failedWrites = new FailedWrites(addon, guard, onFailedWrite);
  const executors = new Executors({ path, args });
  const shortReads = new ShortReads(addon, { path, args });
  async function* stored(pieces: AsyncGenerator<Piece>): AsyncGenerator<Piece> {
    for await (const piece of pieces) {
      await failedWrites.none();
      yield piece;
    }
  }
  return {
    async *run(job, signal) {
      const stop = killOnAbort(addon, control, job.plan.tag, signal);
      try {
        if (isShortRead(job)) yield await shortReads.run(job);
        else if (isRead(job.sql)) yield* executors.run(job);
        else yield* stored(executors.run(job));
      } catch (error) {
        await failedWrites.none();
        throw error;
      } finally {
        stop();
      }
    },
    spool: (data) => spoolFile(join(spool, randomUUID()), data),
    async close() {
      shortReads.close();
      await failedWrites.close();
      addon.CloseConnection(guard);
      addon.CloseConnection(control);
    },
  };
}

async function spoolFile(path: string, data: Readable): Promise<SpoolFile> {
  const remove = (): void => rmSync(path, { force: true });
  try {
    await pipeline(data, createWriteStream(path));
    return { path, remove };
  } catch (error) {
    remove();
    throw hasCode(error, 'ENOSPC') ? ServerError.of(243, `The data cannot be kept: ${String(error)}`) : error;
  }
}

/** How often a query that should end is cancelled again: it may not have begun when it was first. */
const KILL_AGAIN_MS = 100;

/** Cancels the query once `signal` aborts, and again until the returned function is called. */
function killOnAbort(addon: Addon, control: Connection, tag: string, signal: AbortSignal): () => void {
  let over = false;
  const kill = async (): Promise<void> => {
    while (!over) {
      await addon.QueryAsyncConnection(control, killStatement(tag), 'Null').catch(() => undefined);
      await sleep(KILL_AGAIN_MS);
    }
  };
  const onAbort = (): void => void kill();
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return () => {
    over = true;
    signal.removeEventListener('abort', onAbort);
  };
}
