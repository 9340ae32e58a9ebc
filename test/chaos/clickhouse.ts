import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { claimPort } from '../../runtime/embedded/address.ts';
import type * as Front from '../../runtime/embedded/clickhouse/process.ts';

const HOST = '127.0.0.1';

/** ClickHouse alone, for a scenario that has Kafka elsewhere. */
export interface TestClickHouse {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startTestClickHouse(): Promise<TestClickHouse> {
  const folder = mkdtempSync(join(tmpdir(), 'kaquan-clickhouse-'));
  const port = await claimPort({ host: HOST, port: 0 }, 'a test');
  const { startFront } = await compiled();
  const user = (name: string) => ({ user: name, password: name });
  const users = { writer: user('kaquan'), analyst: user('analyst') };
  const start = { folder, host: HOST, port, users, readable: 'kaquan', schemas: [] };
  const part = startFront(start, process.env);
  await part.ready;
  return {
    url: `http://${HOST}:${port}`,
    async stop() {
      await part.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

// It starts a program beside itself, which is there only once it is compiled.
const compiled = (): Promise<typeof Front> =>
  import(new URL('../../dist/runtime/embedded/clickhouse/process.js', import.meta.url).href) as Promise<
    typeof Front
  >;
