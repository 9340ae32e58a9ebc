import { FOLD_VERSION } from '../domain/order/state.ts';
import { parseSettings } from '../runtime/process/settings.ts';
import { ordersSettings } from '../consumers/orders/config.ts';
import { COLLECTOR } from '../producers/collector/dead-letters.ts';
import { deadLetterTopic, ORDERS_GROUP, REPORT_GROUP, TOPIC } from '../schemas/coupon_order/topic.ts';
import { migrateStore, withStoreLock } from '../sql/migrate.ts';
import { storeSettings } from '../sql/settings.ts';
import { connectClickHouse, connectKafka } from './connections.ts';
import { EXIT } from './failure.ts';
import {
  checkConfig,
  checkDeliveriesLedger,
  checkPartitions,
  placeTopic,
  type PlacedTopic,
} from './migrate/topics.ts';
import { deadLetterSpec, eventsSpec } from './migrate/topic-specs.ts';
import type { Io } from './io.ts';
import { storeLock } from './store-lock.ts';

/** What `kaquan migrate --json` prints. */
export interface Migrated {
  /** The migrations that this run applied. */
  readonly applied: readonly string[];
  readonly topics: readonly PlacedTopic[];
}

/** `kaquan migrate`: topics and tables. Safe to repeat. @throws {CommandError} if a living topic is not as it must be */
export async function migrate({ json }: { readonly json?: true }, io: Io): Promise<number> {
  const migrated = await migrateAll(io.env, (sentence) => io.stderr.write(`${sentence}\n`));
  io.stdout.write(json ? `${JSON.stringify(migrated, null, 2)}\n` : asText(migrated));
  return EXIT.done;
}

/** All that migrate does. @param say tells a person what it waits for @throws {CommandError} if a living topic is not as it must be */
export async function migrateAll(
  env: Io['env'],
  say: (sentence: string) => unknown = () => undefined,
): Promise<Migrated> {
  const config = parseSettings({ ...ordersSettings, ...storeSettings }, env);
  const events = eventsSpec(TOPIC, config);
  checkDeliveriesLedger(config);
  const failing = [ORDERS_GROUP, REPORT_GROUP, COLLECTOR];
  const specs = [events, ...failing.map((name) => deadLetterSpec(deadLetterTopic(name), config))];
  const lock = storeLock(env, say);
  const admin = await connectKafka(env, true);
  const clickhouse = connectClickHouse(env);
  try {
    // Before anything is changed: a refusal leaves all as it was.
    await checkPartitions(admin, clickhouse, events);
    for (const { topic } of specs) await checkConfig(admin, topic, config.KAFKA_BROKERS);
    const { applied } = await migrateStore(clickhouse, {
      ...lock,
      timeZone: config.TIME_ZONE,
      foldVersion: FOLD_VERSION,
      retention: {
        eventsDays: config.EVENTS_TTL_DAYS,
        ledgerDays: config.LEDGER_TTL_DAYS,
        deliveriesDays: config.REPORT_LEDGER_TTL_DAYS,
      },
    });
    const topics = await withStoreLock(clickhouse, lock, async () => {
      const placed: PlacedTopic[] = [];
      for (const spec of specs) placed.push(await placeTopic(admin, clickhouse, spec));
      return placed;
    });
    return { applied, topics };
  } finally {
    await Promise.allSettled([admin.close(), clickhouse.close()]);
  }
}

export function asText({ applied, topics }: Migrated): string {
  const store = applied.length === 0 ? 'up to date' : `applied ${applied.join(', ')}`;
  const lines = topics.map(
    ({ topic, created, partitions, generation }) =>
      `topic ${topic}: ${created ? 'created' : 'in place'}, ${partitions} ${partitions === 1 ? 'partition' : 'partitions'}, generation ${generation}`,
  );
  return [`store: ${store}`, ...lines, ''].join('\n');
}
