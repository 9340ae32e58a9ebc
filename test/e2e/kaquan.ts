import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { pino } from 'pino';

import { createClickHouse, type ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { TestStack } from '../stack.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Output {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Runs one command of kaquan to its end. */
export async function kaquan(args: readonly string[], env: Env, input?: string | Buffer): Promise<Output> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const stdout = collected(child.stdout);
  const stderr = collected(child.stderr);
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout: stdout(), stderr: stderr() };
}

// A refused audit says what it found on standard output; of a long one the end tells.
const TOLD = 4_000;

/** As `kaquan`, for a command that must succeed. */
export async function done(args: readonly string[], env: Env, input?: string | Buffer): Promise<Output> {
  const output = await kaquan(args, env, input);
  if (output.code !== 0)
    throw new Error(
      `kaquan ${args.join(' ')} ended with ${output.code}: ${output.stderr}${output.stdout.slice(-TOLD)}`,
    );
  return output;
}

function collected(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

/** A consumer or a service in a process of its own, and what it says. */
export interface RunningConsumer {
  readonly child: ChildProcess;
  /** Resolves at the next line of its log with this message, or one like it; rejects if it ends before. */
  says(message: string | RegExp): Promise<Readonly<Record<string, unknown>>>;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** All that it said. */
  log(): string;
}

interface Waiting {
  readonly message: string | RegExp;
  readonly resolve: (line: Record<string, unknown>) => void;
  readonly reject: (error: Error) => void;
}

const running = new Set<ChildProcess>();

/** Ends what a failed test left behind. */
export function endConsumers(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** @param main of another build than this one */
export const startConsumer = (
  env: Env,
  args: readonly string[] = [],
  group = 'orders',
  main = MAIN,
): RunningConsumer => startProcess(env, ['consume', group, ...args], main);

/** `kaquan serve <name>`, once it serves. */
export async function startService(
  env: Env,
  name: string,
): Promise<RunningConsumer & { readonly url: string }> {
  const service = startProcess(env, ['serve', name]);
  const { url } = await service.says('ready');
  return { ...service, url: String(url) };
}

/** Any command of kaquan that goes on until it is ended. @param main of another build than this one */
export function startProcess(env: Env, args: readonly string[], main = MAIN): RunningConsumer {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...env, LOG_LEVEL: 'debug' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  running.add(child);
  let waiting: Waiting[] = [];
  const lines: string[] = [];
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal });
      running.delete(child);
      for (const { message, reject } of waiting) {
        reject(
          new Error(
            `it ended (${signal ?? code}) before it said "${String(message)}": ${lines.slice(-5).join('\n')}`,
          ),
        );
      }
    });
  });
  createInterface({ input: child.stderr }).on('line', (text) => {
    lines.push(text);
    const line = parsed(text);
    const heard = waiting.filter(({ message }) => isLike(line['msg'], message));
    waiting = waiting.filter((one) => !heard.includes(one));
    for (const { resolve } of heard) resolve(line);
  });
  return {
    child,
    ended,
    log: () => lines.join('\n'),
    says: (message) => new Promise((resolve, reject) => waiting.push({ message, resolve, reject })),
  };
}

const isLike = (said: unknown, message: string | RegExp): boolean =>
  typeof message === 'string' ? said === message : typeof said === 'string' && message.test(said);

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** The store as its writer sees it. */
export function storeOf({ clickhouseUrl }: Pick<TestStack, 'clickhouseUrl'>): ClickHouse {
  return createClickHouse({
    url: clickhouseUrl,
    user: 'kaquan',
    password: 'kaquan',
    clientName: 'kaquan-test',
    logger: pino({ level: 'silent' }),
  });
}

/** One number that a SELECT gives. */
export async function numberOf(clickhouse: ClickHouse, sql: string): Promise<number> {
  const [row] = await clickhouse.query<Record<string, string>>(sql, { timeoutMs: 120_000 });
  return Number(Object.values(row ?? {})[0]);
}

/** By partition count: every offset of the log is a stored record, a dead letter or a counted skip, once. */
export const ACCOUNTED = `
  SELECT sum(n) FROM
  (
      SELECT uniqExact(partition, offset) AS n FROM kaquan_store.events
      UNION ALL
      SELECT uniqExact(partition, offset) AS n FROM kaquan_store.dead_letters
      UNION ALL
      SELECT toUInt64(sum(last_offset - first_offset + 1)) AS n FROM (SELECT DISTINCT partition, first_offset, last_offset FROM kaquan_store.skips)
  )`;

/** What `produce simulate --json` says. */
export interface Simulated {
  readonly events: number;
  readonly duplicates: number;
  readonly refused: number;
  readonly records: number;
  readonly poisoned: { readonly total: number };
}

/** When a simulated backlog ends: order ids derive from it, and so what a test picks among them. */
const UNTIL = '2026-06-30T12:00:00Z';

/** `produce simulate`: with the same arguments always the same records, unless they say that it goes on (`--rate`). */
export async function simulate(env: Env, ...args: string[]): Promise<Simulated> {
  const until = args.includes('--rate') ? [] : ['--until', UNTIL];
  const { stdout } = await done(['produce', 'simulate', '--json', ...until, ...args], env);
  return JSON.parse(stdout) as Simulated;
}
