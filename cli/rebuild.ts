import { ordersSettings } from '../consumers/orders/config.ts';
import type { OrdersConfig } from '../consumers/orders/main.ts';
import { FOLD_VERSION } from '../domain/order/state.ts';
import type { ClickHouse } from '../runtime/clickhouse/client.ts';
import type { KafkaAdmin } from '../runtime/kafka/admin.ts';
import { readLog } from '../runtime/kafka/log-reader.ts';
import { createRecordProducer } from '../runtime/kafka/producer.ts';
import { parseSettings } from '../runtime/process/settings.ts';
import { createSchemas } from '../schemas/index.ts';
import { deadLetterTopic, ORDERS_GROUP, REPORT_GROUP, TOPIC } from '../schemas/coupon_order/topic.ts';
import { applyMigrations, withStoreLock } from '../sql/migrate.ts';
import { recordedFact, recordedTopic, type RecordedTopic } from '../sql/records.ts';
import { connectClickHouse, connectKafka, kafkaClient } from './connections.ts';
import { CommandError, EXIT } from './failure.ts';
import type { Io } from './io.ts';
import { adoptionOf, adoptionText, type Adoption } from './rebuild/adoption.ts';
import { finishExchange, rebuild, type Rebuild, type RebuildOptions } from './rebuild/rebuild.ts';
import { rebuildText } from './rebuild/text.ts';
import { storeLock } from './store-lock.ts';

export interface RebuildCommand {
  readonly from: 'events' | 'topic';
  readonly pause?: true;
  readonly dryRun?: true;
  readonly acceptLoss?: true;
  readonly json?: true;
}

/** `kaquan rebuild orders`. @returns exit code 1 if a dry run found differences */
export async function rebuildOrders(options: RebuildCommand, io: Io): Promise<number> {
  const admin = await connectKafka(io.env);
  const clickhouse = connectClickHouse(io.env);
  try {
    const rebuilt = await rebuildOnce(options, io, { admin, clickhouse });
    if (rebuilt === undefined) return EXIT.done;
    io.stdout.write(options.json ? `${JSON.stringify(rebuilt, null, 2)}\n` : rebuildText(rebuilt));
    return rebuilt.exchanged || rebuilt.differences.length === 0 ? EXIT.done : EXIT.failed;
  } finally {
    await Promise.allSettled([admin.close(), clickhouse.close()]);
  }
}

/** @returns undefined: another run was interrupted in its exchange, and this one finished it */
async function rebuildOnce(
  { from, pause, dryRun, acceptLoss }: RebuildCommand,
  io: Io,
  { admin, clickhouse }: { readonly admin: KafkaAdmin; readonly clickhouse: ClickHouse },
): Promise<Rebuild | undefined> {
  const config = parseSettings(ordersSettings, io.env);
  const say = (sentence: string): unknown => io.stderr.write(`${sentence}\n`);
  const lockOptions = storeLock(io.env, say);
  await applyMigrations(clickhouse, lockOptions);
  return withStoreLock(clickhouse, lockOptions, async (lock) => {
    if (await finishExchange({ admin, clickhouse, say })) {
      say(
        'A rebuild was interrupted in the midst of its exchange: it is finished now, and its tables serve.',
      );
      return undefined;
    }
    const { recorded, adoption } = await topicOf(config, { admin, clickhouse });
    if (adoption !== undefined) say(adoptionText(adoption, recorded));
    const replay = from === 'topic' ? await replayParts(config, io.env) : undefined;
    if (replay !== undefined && adoption?.kind === 'anew')
      throw new CommandError(
        `the log of ${TOPIC} is not the one that was read: only --from events can tell what it held.`,
      );
    const rebuilding = rebuild({
      admin,
      clickhouse,
      group: ORDERS_GROUP,
      otherGroups: [REPORT_GROUP],
      recorded,
      adoption,
      foldVersion: FOLD_VERSION,
      storedVersion: await recordedFact(clickhouse, 'fold_version'),
      pause: pause === true,
      dryRun: dryRun === true,
      acceptLoss: acceptLoss === true,
      lock,
      now: Date.now(),
      say,
      ...(replay && { replay }),
    });
    return rebuilding.finally(() => replay?.deadLetters.close());
  });
}

/** The topic as it is recorded, and how it lives. @throws {CommandError} naming what is to be done first */
async function topicOf(
  { KAFKA_PARTITIONS: partitions }: OrdersConfig,
  ends: { readonly admin: KafkaAdmin; readonly clickhouse: ClickHouse },
): Promise<{ readonly recorded: RecordedTopic; readonly adoption: Adoption | undefined }> {
  const recorded = await recordedTopic(ends.clickhouse, TOPIC);
  if (recorded === undefined)
    throw new CommandError(`${TOPIC} is not recorded in ClickHouse: run kaquan migrate first.`);
  const groups = [ORDERS_GROUP, REPORT_GROUP];
  return { recorded, adoption: await adoptionOf({ ...ends, recorded, partitions, groups }) };
}

const DAY_MS = 86_400_000;

/** With what the records of the log are read and judged. */
async function replayParts(
  config: OrdersConfig,
  env: Io['env'],
): Promise<NonNullable<RebuildOptions['replay']>> {
  const kafka = kafkaClient(env);
  return {
    read: (partition, from, to) => readLog(kafka, { topic: TOPIC, partition, from, to }),
    deadLetters: await createRecordProducer(kafka, { topic: deadLetterTopic(ORDERS_GROUP) }),
    schemas: createSchemas({ registryUrl: config.SCHEMA_REGISTRY_URL }),
    plausible: {
      past: config.PLAUSIBLE_PAST_DAYS * DAY_MS,
      future: config.PLAUSIBLE_FUTURE_DAYS * DAY_MS,
    },
    now: Date.now,
  };
}
