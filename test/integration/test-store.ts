import { pino } from 'pino';
import { createClickHouse, type ClickHouse } from '../../runtime/clickhouse/client.ts';
import { migrateStore } from '../../sql/migrate.ts';
import { startTestClickHouse } from '../stack.ts';

export interface TestStore {
  readonly clickhouse: ClickHouse;
  /** The same store, as analysts see it. */
  readonly analyst: ClickHouse;
  stop(): Promise<void>;
}

/** A migrated store of its own, in a ClickHouse of its own. */
export async function startTestStore(): Promise<TestStore> {
  const stack = await startTestClickHouse();
  const connect = (user: string): ClickHouse =>
    createClickHouse({ url: stack.clickhouseUrl, user, password: user, clientName: 'test' });
  const clickhouse = connect('kaquan');
  const analyst = connect('analyst');
  await migrateStore(clickhouse, {
    timeZone: 'Asia/Shanghai',
    foldVersion: '1',
    owner: 'test',
    logger: pino({ level: 'silent' }),
    now: () => performance.now(),
  });
  const stop = async (): Promise<void> => {
    await Promise.all([clickhouse.close(), analyst.close()]);
    await stack.stop();
  };
  return { clickhouse, analyst, stop };
}
