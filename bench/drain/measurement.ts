import type { ChildProcess } from 'node:child_process';

import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { cpuSeconds } from '../processes.ts';

/** CPU-seconds per million records. */
export interface Cost {
  readonly consumer: number;
  readonly clickhouse: number;
  readonly total: number;
}

export interface Measurement extends Cost {
  readonly seconds: number;
}

export interface Measured {
  readonly clickhouse: ClickHouse;
  readonly clickhousePid: number;
  readonly records: number;
}

const MILLION = 1_000_000;
const LOOK_MS = 200;
const SAMPLE_MS = 20;

/**
 * Measures a process that stores `records` and ends, from its start. The merges that it leaves behind are counted with it.
 */
export async function measure(consumer: ChildProcess, options: Measured): Promise<Measurement> {
  const { clickhouse, clickhousePid, records } = options;
  const before = cpuSeconds(clickhousePid);
  const begin = performance.now();
  let used = 0;
  const sampler = setInterval(() => (used = Math.max(used, cpuSeconds(consumer.pid ?? 0))), SAMPLE_MS);
  await endOf(consumer);
  clearInterval(sampler);
  const seconds = round((performance.now() - begin) / 1000);
  await mergesDone(clickhouse);
  return { seconds, ...costOf(used, cpuSeconds(clickhousePid) - before, records) };
}

async function endOf(child: ChildProcess): Promise<void> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdout?.resume();
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`the consumer ended with ${code}: ${said}`);
}

/** Resolves when no merge has run for a second. */
export async function mergesDone(clickhouse: ClickHouse): Promise<void> {
  for (let quiet = 0; quiet < 1000 / LOOK_MS;) {
    const [row] = await clickhouse.query<{ n: string }>('SELECT count() AS n FROM system.merges');
    quiet = Number(row?.n) === 0 ? quiet + 1 : 0;
    await pause(LOOK_MS);
  }
}

function costOf(consumer: number, clickhouse: number, records: number): Cost {
  const per = (seconds: number): number => round((seconds / records) * MILLION);
  return { consumer: per(consumer), clickhouse: per(clickhouse), total: per(consumer + clickhouse) };
}

const round = (value: number): number => Number(value.toFixed(1));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
