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

export type FrontMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  /** It ends, and has to be started again. */
  | { readonly kind: 'again' };

/** One thread for each session that can be busy, and some for files and compression. */
const THREADS = 24;

const STOP_MS = 4_000;

/**
 * Starts the process that holds ClickHouse, and starts it again when it asks for that.
 * @param onProcess told of each, before it opens the data
 */
export function startFront(
  options: FrontStart,
  env: NodeJS.ProcessEnv,
  onProcess: (pid: number) => void = () => undefined,
): Part {
  const start = (): Run => {
    const run = forked(env);
    if (run.child.pid !== undefined) onProcess(run.child.pid);
    run.child.send(options);
    return run;
  };
  let run = start();
  const { ready } = run;
  const stopping = new AbortController();
  const ended = (async () => {
    let how = await run.ended;
    while (run.wantsAgain() && !stopping.signal.aborted) {
      run = start();
      how = await Promise.race([run.ended, failureOf(run)]);
    }
    return how;
  })();
  return {
    pids: () => (run.child.pid === undefined ? [] : [run.child.pid]),
    ready,
    ended,
    stop() {
      stopping.abort();
      return stop(run);
    },
  };
}

interface Run {
  readonly child: ChildProcess;
  /** Rejects with a sentence if it ends, or fails, before it serves. */
  readonly ready: Promise<void>;
  readonly ended: Promise<string>;
  readonly wantsAgain: () => boolean;
}

function forked(env: NodeJS.ProcessEnv): Run {
  const child = fork(new URL('./main.js', import.meta.url), {
    detached: true,
    // The pool's size is read when it starts, which is before any module of the process runs. Times without a zone are UTC.
    env: { ...env, UV_THREADPOOL_SIZE: String(THREADS), TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let again = false;
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`ClickHouse cannot be started: ${error.message}`));
    child.once('exit', (code, signal) =>
      resolve(`ClickHouse has ended (${signal ?? `exit code ${code ?? '?'}`})`),
    );
  });
  const ready = new Promise<void>((resolve, reject) => {
    child.on('message', (message: FrontMessage) => {
      if (message.kind === 'ready') resolve();
      else if (message.kind === 'again') again = true;
      else reject(new Error(`ClickHouse does not start: ${message.message}`));
    });
    void ended.then((how) => reject(new Error(how)));
  });
  ready.catch(() => undefined);
  return { child, ready, ended, wantsAgain: () => again };
}

/** The sentence of one that does not start; of one that does, it never comes. */
const failureOf = ({ ready }: Run): Promise<string> =>
  new Promise((resolve) => void ready.catch((error: unknown) => resolve((error as Error).message)));

async function stop({ child, ended }: Run): Promise<void> {
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(force);
}
