import { randomUUID } from 'node:crypto';
import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';

import { engineArguments, type Users } from './access.ts';
import { loadAddon, type Addon, type Connection } from './addon.ts';
import { ServerError } from './errors.ts';
import { Executors } from './executor.ts';
import type { Job } from './job.ts';
import type { Piece } from './run-job.ts';
import { killStatement, preparation, type SessionPlan } from './session.ts';

export interface Written {
  readonly elapsedSeconds: number;
  readonly rows: number;
  readonly bytes: number;
}

export interface SpoolFile {
  readonly path: string;
  remove(): void;
}

/** ClickHouse in this process, on one data directory. */
export interface Engine {
  readonly version: string;
  /** Runs a statement; its answer in pieces. The query is cancelled when `signal` aborts. */
  run(job: Job, signal: AbortSignal): AsyncGenerator<Piece>;
  /** `prefix` ends with the format's name. Resolves when the rows are stored. */
  insert(plan: SessionPlan, prefix: string, data: Uint8Array, signal: AbortSignal): Promise<Written>;
  /** Writes `data` to a file that the engine can read. */
  spool(data: Readable): Promise<SpoolFile>;
  close(): void;
}

export interface EngineOptions {
  /** Holds `data`, `config` and `spool`. */
  readonly folder: string;
  readonly users: Users;
  /** The database that analysts see. */
  readonly readable: string;
}

/** How often a query that should end is cancelled again: it may not have begun when it was first. */
const KILL_AGAIN_MS = 100;

/**
 * Opens the engine; the first connection takes a second.
 * @throws {Error} if the platform's library is missing, or another process has the directory open
 */
export async function openEngine({ folder, users, readable }: EngineOptions): Promise<Engine> {
  const addon = loadAddon();
  const path = join(folder, 'data');
  const spool = join(folder, 'spool');
  rmSync(spool, { recursive: true, force: true });
  mkdirSync(spool, { recursive: true });
  const args = engineArguments(join(folder, 'config'), users, readable);
  // It also keeps the engine alive between requests: the last connection to close ends it.
  const control = addon.CreateConnection(path, args);
  const executors = new Executors({ path, args });
  const { bytes } = await addon.QueryAsyncConnection(control, 'SELECT version()', 'TSVRaw');

  const session = async <T>(plan: SessionPlan, work: (connection: Connection) => Promise<T>): Promise<T> => {
    const connection = addon.CreateConnection(path, args);
    try {
      await addon.QueryAsyncConnection(connection, preparation(plan), 'Null');
      return await work(connection);
    } catch (error) {
      throw ServerError.from(error);
    } finally {
      addon.CloseConnection(connection);
    }
  };
  const insert = (plan: SessionPlan, prefix: string, data: Uint8Array, signal: AbortSignal) =>
    cancelling(addon, control, plan.tag, signal, () =>
      session(plan, async (connection) => {
        const { elapsed, rowsWritten, bytesWritten } = await addon.InsertRawAsyncConnection(
          connection,
          prefix,
          data,
          false,
        );
        return { elapsedSeconds: elapsed, rows: rowsWritten, bytes: bytesWritten };
      }),
    );

  return {
    version: Buffer.from(bytes).toString().trim(),
    async *run(job, signal) {
      const stop = killOnAbort(addon, control, job.plan.tag, signal);
      try {
        yield* executors.run(job);
      } finally {
        stop();
      }
    },
    insert,
    spool: (data) => spoolFile(join(spool, randomUUID()), data),
    close: () => addon.CloseConnection(control),
  };
}

async function spoolFile(path: string, data: Readable): Promise<SpoolFile> {
  const remove = (): void => rmSync(path, { force: true });
  try {
    await pipeline(data, createWriteStream(path));
    return { path, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

async function cancelling<T>(
  addon: Addon,
  control: Connection,
  tag: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const stop = killOnAbort(addon, control, tag, signal);
  try {
    return await work();
  } finally {
    stop();
  }
}

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
