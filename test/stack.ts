import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Readable } from 'node:stream';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface TestClickHouse {
  readonly clickhouseUrl: string;
  /** Stops it, and removes its data. */
  stop(): Promise<void>;
}

export interface TestStack extends TestClickHouse {
  readonly brokers: string;
  /** This process's environment, pointed at the stack. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly data: string;
  readonly child: ChildProcess;
  /** All that it wrote to standard error. */
  said(): string;
}

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const CLICKHOUSE = fileURLToPath(new URL('./clickhouse.js', import.meta.url));

export interface TestStackOptions {
  /** A folder that stays when the stack is stopped; a temporary one unless told. */
  readonly data?: string;
  readonly env?: Readonly<Record<string, string>>;
}

type Options = TestStackOptions & { readonly data: string };

/** Of every consumer on a test's parts: what is simulated has fixed times, and does not age out of what is plausible. */
export const AGELESS = { PLAUSIBLE_PAST_DAYS: '36500' };

const FREE = { KAFKA_BROKERS: '127.0.0.1:0', CLICKHOUSE_URL: 'http://127.0.0.1:0' };

/** `kaquan stack` on free ports as a process, which may not serve yet. */
export function childOf({ data, env }: Options): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [MAIN, 'stack', '--data', data], {
    env: { ...process.env, ...FREE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/**
 * Starts Kafka and ClickHouse on free ports in a process of their own; needs `npm run build`. Takes about 5 s.
 * @throws {Error} the exit code and what the process said, if it ends before it serves
 */
export async function startTestStack(options: TestStackOptions = {}): Promise<TestStack> {
  const data = options.data ?? temporary();
  const child = childOf({ ...options, data });
  const { ready, said, stop } = watched(child, /^ready.* ([\w.:]+:\d+),.* (http:\/\/\S+)$/m);
  const [, brokers = '', clickhouseUrl = ''] = await ready;
  return {
    brokers,
    clickhouseUrl,
    env: {
      ...process.env,
      ...AGELESS,
      ...options.env,
      KAFKA_BROKERS: brokers,
      CLICKHOUSE_URL: clickhouseUrl,
    },
    data,
    child,
    said,
    stop: () => stop(options.data === undefined ? data : undefined),
  };
}

/** Starts ClickHouse alone, for what needs no Kafka: half of the time, and of the machine. @throws {Error} as `startTestStack` */
export async function startTestClickHouse(): Promise<TestClickHouse> {
  const data = temporary();
  const child = spawn(process.execPath, [CLICKHOUSE, data], { stdio: ['ignore', 'pipe', 'pipe'] });
  const { ready, stop } = watched(child, /^ready.* (http:\/\/\S+)$/m);
  const [, clickhouseUrl = ''] = await ready;
  return { clickhouseUrl, stop: () => stop(data) };
}

const temporary = (): string => mkdtempSync(join(tmpdir(), 'kaquan-stack-'));

interface Watched {
  /** What its line says that it serves. */
  readonly ready: Promise<RegExpExecArray>;
  readonly said: () => string;
  /** @param data a folder that goes with it */
  readonly stop: (data: string | undefined) => Promise<void>;
}

function watched(child: ChildProcessByStdio<null, Readable, Readable>, serves: RegExp): Watched {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ready = new Promise<RegExpExecArray>((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const found = serves.exec(output);
      if (found !== null) resolve(found);
    });
    child.once('close', (code) => reject(new Error(`the stack ended with code ${code ?? '?'}: ${said}`)));
  });
  const stop = async (data: string | undefined): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    if (data !== undefined) rmSync(data, { recursive: true, force: true });
  };
  return { ready, said: () => said, stop };
}
