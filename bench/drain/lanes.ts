import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';

import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { createKafka } from '../../runtime/kafka/client.ts';
import { start } from '../processes.ts';
import { ROUGH } from '../rough/store.ts';
import type { BenchStack } from '../stack.ts';

/** One way from the log into tables. */
export interface Lane {
  readonly name: string;
  readonly database: string;
  /** All tables that it fills. */
  readonly tables: readonly string[];
  /** Starts a process that stores the `records` of the log, and ends. */
  begin(stack: BenchStack, records: number): ChildProcess;
}

const ROUGH_MAIN = fileURLToPath(new URL('../rough/main.js', import.meta.url));
const ROWS = ['events', 'milestones', 'states'];
const INDEXES = ['buyer_orders', 'person_orders', 'high_water'];

export const ORDERS: Lane = {
  name: 'orders',
  database: 'kaquan_store',
  tables: [...ROWS, ...INDEXES],
  begin: ({ env }) => start(['consume', 'orders', '--until-caught-up'], env),
};

export const ROUGH_LANE: Lane = {
  name: 'rough',
  database: ROUGH,
  tables: ROWS,
  begin: ({ env }, records) =>
    spawn(process.execPath, [ROUGH_MAIN, ROUGH, String(records)], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
};

/** Forgets what a lane stored and committed. */
export async function empty({ brokers }: BenchStack, clickhouse: ClickHouse, lane: Lane): Promise<void> {
  for (const table of lane.tables) await clickhouse.command(`TRUNCATE TABLE ${lane.database}.${table}`);
  const kafka = createKafka({ brokers: [brokers], clientId: 'bench', logger: pino({ level: 'silent' }) });
  const admin = kafka.admin();
  await admin.connect();
  const { groups } = await admin.listGroups();
  const own = groups.map(({ groupId }) => groupId).filter((groupId) => groupId === lane.name);
  if (own.length > 0) await admin.deleteGroups(own);
  await admin.disconnect();
}
