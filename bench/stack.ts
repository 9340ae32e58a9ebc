import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { childOf, cpuOf, readyLine, start } from './processes.ts';

/** Kafka and ClickHouse of a benchmark, with topics and tables. */
export interface BenchStack {
  /** A folder that is removed at the end. */
  readonly folder: string;
  readonly brokers: string;
  readonly clickhouseUrl: string;
  /** This process's environment, pointed at them. */
  readonly env: NodeJS.ProcessEnv;
  readonly clickhousePid: number;
}

/**
 * The embedded Kafka with all of its JVM's compilers, as brokers run elsewhere: it starts with the quick one alone, whose code takes
 * nearly twice the CPU for a commit. It needs a warm-up.
 */
export const ALL_COMPILERS = { _JAVA_OPTIONS: '-XX:TieredStopAtLevel=4' } as const;

/**
 * Starts Kafka and ClickHouse on free ports, migrates, works, and ends them and their data.
 * @param stackEnv for them alone
 */
export async function withStack(
  partitions: number,
  work: (stack: BenchStack) => Promise<void>,
  stackEnv: NodeJS.ProcessEnv = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'kaquan-bench-'));
  const base = { ...process.env, KAFKA_BROKERS: '127.0.0.1:0', CLICKHOUSE_URL: 'http://127.0.0.1:0' };
  const stack = start(['stack', '--data', join(folder, 'data')], { ...base, ...stackEnv });
  const ended = new Promise((resolve) => stack.once('close', resolve));
  stack.stderr?.resume();
  try {
    const ready = await readyLine(stack.stdout, /^ready.* ([\w.:]+:\d+),.* (http:\/\/\S+)$/m);
    const [, brokers = '', clickhouseUrl = ''] = ready;
    const place = { KAFKA_BROKERS: brokers, CLICKHOUSE_URL: clickhouseUrl };
    const env = { ...base, ...place, KAFKA_PARTITIONS: String(partitions) };
    await cpuOf(['migrate'], env);
    await work({ folder, brokers, clickhouseUrl, env, clickhousePid: childOf(stack.pid ?? 0, 'clickhouse') });
  } finally {
    stack.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}
