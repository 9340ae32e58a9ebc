import { fork, type ChildProcess } from 'node:child_process';

import type { Part } from '../part.ts';
import type { Users } from './access.ts';
import type { RegisteredSchema } from './schema-api.ts';

export interface FrontStart {
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly users: Users;
  /** The database that the analyst sees. */
  readonly readable: string;
  readonly schemas: readonly RegisteredSchema[];
}

export type FrontMessage = { readonly kind: 'ready' } | { readonly kind: 'failed'; readonly message: string };

/** One thread for each session that can be busy, and some for files and compression. */
const THREADS = 24;

const STOP_MS = 4_000;

/** Starts the process that holds ClickHouse. */
export function startFront(options: FrontStart, env: NodeJS.ProcessEnv): Part {
  const child = fork(new URL('./main.js', import.meta.url), {
    detached: true,
    // The pool's size is read when it starts, which is before any module of the process runs. Times without a zone are UTC.
    env: { ...env, UV_THREADPOOL_SIZE: String(THREADS), TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`ClickHouse cannot be started: ${error.message}`));
    child.once('exit', (code, signal) =>
      resolve(`ClickHouse has ended (${signal ?? `exit code ${code ?? '?'}`})`),
    );
  });
  child.send(options);
  const ready = Promise.race([readiness(child), ended.then((how) => Promise.reject(new Error(how)))]);
  ready.catch(() => undefined);
  return {
    pids: () => (child.pid === undefined ? [] : [child.pid]),
    ready,
    ended,
    stop: () => stop(child, ended),
  };
}

function readiness(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('message', (message: FrontMessage) => {
      if (message.kind === 'ready') resolve();
      else reject(new Error(`ClickHouse does not start: ${message.message}`));
    });
  });
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(force);
}
