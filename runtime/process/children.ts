import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

export interface ChildSpec {
  /** For messages. */
  readonly name: string;
  /** The Node script and its arguments. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file that the child's standard error is appended to. */
  readonly log: string;
  /** The file that its standard output is written to; unless told it is read line by line. */
  readonly stdout?: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly name: string;
  readonly pid: number | undefined;
  /** Resolves when the process is gone; never rejects. */
  readonly ended: Promise<Ended>;
  /** Resolves with the first line on standard output, past or future, that matches; rejects if the child ends before. */
  line(pattern: RegExp): Promise<string>;
  /** SIGTERM, and after `graceMs` SIGKILL for it and all that it started. Resolves when it is gone. */
  stop(graceMs: number): Promise<Ended>;
  /** SIGKILL at once, for the child and all that it started. */
  kill(): void;
}

/** A child ended before it did what it was started for; the message has what it said last. */
export class ChildEndedError extends Error {
  override readonly name = 'ChildEndedError';
  /** The last lines of its standard error. */
  readonly lastWords: string;

  constructor(message: string, lastWords: string) {
    super(message);
    this.lastWords = lastWords;
  }
}

/**
 * Starts a Node process in a session of its own, so that Ctrl-C on the terminal reaches its supervisor alone, with an
 * IPC channel by which it can tell that its supervisor is gone (`exitWithParent`).
 */
export function startChild({ name, args, env, log, stdout }: ChildSpec): Child {
  mkdirSync(dirname(log), { recursive: true });
  const stderr = openSync(log, 'a');
  const output = stdout === undefined ? 'pipe' : openSync(stdout, 'w');
  const child = spawn(process.execPath, args, {
    detached: true,
    env: { ...env },
    stdio: ['ignore', output, stderr, 'ipc'],
  });
  closeSync(stderr);
  if (output !== 'pipe') closeSync(output);
  return supervise(name, log, child);
}

function supervise(name: string, log: string, child: ChildProcess): Child {
  const output = linesOf(child);
  const ended = new Promise<Ended>((resolve) => {
    child.once('error', () => resolve({ code: 1, signal: null }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const signal = (what: NodeJS.Signals) => signalGroup(child, what);
  return {
    name,
    pid: child.pid,
    ended,
    line: (pattern) =>
      Promise.race([output.find(pattern), ended.then((how) => Promise.reject(endedEarly(name, how, log)))]),
    async stop(graceMs) {
      child.kill('SIGTERM');
      const force = setTimeout(() => signal('SIGKILL'), graceMs);
      return ended.finally(() => clearTimeout(force));
    },
    kill: () => signal('SIGKILL'),
  };
}

/** "ended with code 1", "was killed by SIGKILL" */
export function ending({ code, signal }: Ended): string {
  return signal === null ? `ended with code ${code ?? 'unknown'}` : `was killed by ${signal}`;
}

// What a killed stack leaves in its group (the broker, for one) goes with it.
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (!isNoSuchProcess(error)) throw error;
  }
}

const isNoSuchProcess = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ESRCH';

const LINES_KEPT = 200;

function linesOf(child: ChildProcess): { find(pattern: RegExp): Promise<string> } {
  const kept: string[] = [];
  const waiting = new Set<(line: string) => void>();
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      kept.push(line);
      if (kept.length > LINES_KEPT) kept.shift();
      for (const tell of waiting) tell(line);
    });
  }
  return {
    find: (pattern) =>
      new Promise((resolve) => {
        const tell = (line: string) => {
          if (!pattern.test(line)) return;
          waiting.delete(tell);
          resolve(line);
        };
        waiting.add(tell);
        for (const line of [...kept]) tell(line);
      }),
  };
}

function endedEarly(name: string, how: Ended, log: string): ChildEndedError {
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-3);
  const quoted = lines[0] === '' ? `see ${log}` : `its log ${log} ends with:\n  ${lines.join('\n  ')}`;
  return new ChildEndedError(`${name} ${ending(how)}; ${quoted}`, lines.join('\n'));
}
