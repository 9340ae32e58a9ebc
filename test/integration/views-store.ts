import { pino } from 'pino';
import { createClickHouse, type ClickHouse } from '../../runtime/clickhouse/client.ts';
import { migrateStore } from '../../sql/migrate.ts';
import { startTestStack } from '../stack.ts';

export interface TestStore {
  readonly clickhouse: ClickHouse;
  stop(): Promise<void>;
}

/** A migrated store of its own, on a stack of its own. */
export async function startTestStore(): Promise<TestStore> {
  const stack = await startTestStack();
  const clickhouse = createClickHouse({
    url: stack.clickhouseUrl,
    user: 'kaquan',
    password: 'kaquan',
    clientName: 'test',
  });
  await migrateStore(clickhouse, {
    timeZone: 'Asia/Shanghai',
    foldVersion: '1',
    owner: 'test',
    logger: pino({ level: 'silent' }),
    now: () => performance.now(),
  });
  const stop = async (): Promise<void> => {
    await clickhouse.close();
    await stack.stop();
  };
  return { clickhouse, stop };
}
