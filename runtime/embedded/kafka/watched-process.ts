import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import type { Part } from '../part.ts';

/**
 * Runs the rest of its command line, and ends it when standard input ends: when the stack closes it, and also when the
 * stack was killed. Prints the process's id first.
 */
const WATCHED = `
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
echo "pid $child"
{
  while read -r _; do :; done
  kill -TERM "$child"
  i=0
  while kill -0 "$child" && [ $i -lt 70 ]; do sleep 0.1; i=$((i + 1)); done
  kill -KILL "$child"
} <&3 >/dev/null 2>&1 &
watch=$!
wait "$child"
code=$?
kill "$watch" 2>/dev/null
exit $code`;

export interface WatchedOptions {
  /** For sentences. */
  readonly name: string;
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The file descriptor of its standard error. */
  readonly stderr: number;
  /** What it prints once it serves. */
  readonly readyLine: string;
  /** What it said before it ended. */
  readonly lastWords: () => string;
}

/** Starts a command that ends with this process, however this process ends, and that Ctrl-C on the terminal does not reach. */
export function startWatched({ name, command, env, stderr, readyLine, lastWords }: WatchedOptions): Part {
  const child = spawn('/bin/sh', ['-c', WATCHED, 'sh', ...command], {
    detached: true,
    env,
    stdio: ['pipe', 'pipe', stderr],
  });
  // It may have ended by itself when its input is closed.
  child.stdin?.on('error', () => undefined);
  let pid: number | undefined;
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`${name} cannot be started: ${error.message}`));
    child.once('exit', (code, signal) => {
      // Were the watching shell killed, the command would go on alone.
      if (signal !== null && pid !== undefined) killIfAlive(pid);
      resolve(`${name} has ended (${signal ?? `exit code ${code ?? '?'}`})${lastWords()}`);
    });
  });
  const serving = new Promise<void>((resolve) => {
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('pid ')) pid = Number(line.slice(4));
      if (line.includes(readyLine)) resolve();
    });
  });
  const ready = Promise.race([serving, ended.then((how) => Promise.reject(new Error(how)))]);
  ready.catch(() => undefined);
  const stop = async (): Promise<void> => {
    child.stdin?.end();
    await ended;
  };
  return { pids: () => [child.pid, pid].filter((one) => one !== undefined), ready, ended, stop };
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
