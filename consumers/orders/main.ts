import type { Logger } from 'pino';

import { FOLD_VERSION } from '../../domain/order/state.ts';
import { createClickHouse, type ClickHouse } from '../../runtime/clickhouse/client.ts';
import { BufferPool } from '../../runtime/bytes/growable.ts';
import { createAdmin, type KafkaAdmin } from '../../runtime/kafka/admin.ts';
import { createKafka } from '../../runtime/kafka/client.ts';
import { createGroup, heartbeatMs, type Group } from '../../runtime/kafka/group.ts';
import { createLogChecks, watchPartitions } from '../../runtime/kafka/log-checks.ts';
import { MemberWatch } from '../../runtime/kafka/member-watch.ts';
import { createRecordProducer, type RecordProducer } from '../../runtime/kafka/producer.ts';
import { OperatorError } from '../../runtime/process/operator-error.ts';
import { persistence } from '../../runtime/process/persistence.ts';
import type { Parsed } from '../../runtime/process/settings.ts';
import { Waits } from '../../runtime/process/waits.ts';
import { createSchemas } from '../../schemas/index.ts';
import { deadLetterTopic, TOPIC } from '../../schemas/coupon_order/topic.ts';
import { agreedTopic } from '../../sql/agreement.ts';
import { accountedOffsets, lastStoredRecords } from '../../sql/ledgers.ts';
import { exchangeNumber, refuseHeld } from '../../sql/rebuilds.ts';
import { recordedFact, type RecordedTopic } from '../../sql/records.ts';
import type { Batch } from './batch.ts';
import type { ordersSettings } from './config.ts';
import { knownOrders } from './known-orders.ts';
import { stateLookUp } from './look-up.ts';
import { OrdersPipeline } from './pipeline.ts';
import { Store } from './store.ts';

export type OrdersConfig = Parsed<typeof ordersSettings>;

export interface OrdersOptions {
  readonly config: OrdersConfig;
  readonly logger: Logger;
  /** ms since 1970 */
  readonly now: () => number;
  /** Goes on behind what retention removed, and records it as skipped. */
  readonly acceptGap?: boolean;
  readonly onCommitted?: (batch: Batch) => void;
  /** The group can't go on; the message says why and names the way out. */
  readonly onFatal: (error: Error) => void;
}

/** A running member of the orders group. */
export interface OrdersConsumer {
  /** Stores and commits what was fetched, then leaves; gives up what is not stored after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

const DAY_MS = 86_400_000;
const FETCH_BYTES = 1_048_576;
// Events, milestones and states of the batch in store and of the one being built.
const POOLED_BUFFERS = 8;
const FETCH_WAIT_MS = 100;

/**
 * Joins the group; resolves once it fetches. It ends with a HeldError when a rebuild keeps the group's consumers away.
 * @throws {OperatorError} when it may not run, naming the way out
 */
export async function startOrders(options: OrdersOptions): Promise<OrdersConsumer> {
  const { config, logger, now } = options;
  const brokers = config.KAFKA_BROKERS;
  const waits = new Waits({ logger, now });
  const watch = new MemberWatch({
    waits,
    now,
    brokers,
    heartbeatMs: heartbeatMs(config.KAFKA_SESSION_TIMEOUT_MS),
  });
  const kafka = createKafka({ brokers, clientId: 'kaquan-orders', logger, told: watch });
  const clickhouse = createClickHouse({
    url: config.CLICKHOUSE_URL,
    user: config.CLICKHOUSE_USER,
    password: config.CLICKHOUSE_PASSWORD,
    clientName: 'kaquan-orders',
    logger,
  });
  const admin = await createAdmin(kafka);
  try {
    // Before all that an exchange may change.
    const exchange = await exchangeNumber(clickhouse);
    const recorded = await agreedTopic(clickhouse, admin, {
      topic: TOPIC,
      partitions: config.KAFKA_PARTITIONS,
      others: [deadLetterTopic(config.ORDERS_GROUP)],
    });
    if (exchange === undefined)
      throw new OperatorError('the store is of an older version: run `kaquan migrate` first.');
    await checkFold(clickhouse);
    const deadLetters = await createRecordProducer(kafka, { topic: deadLetterTopic(config.ORDERS_GROUP) });
    const { pipeline, group, checks } = assemble(options, {
      kafka,
      clickhouse,
      admin,
      deadLetters,
      recorded,
      exchange,
      waits,
      watch,
    });
    await group.start();
    const unwatch = watchPartitions(checks, options.onFatal, logger);
    return {
      async stop(graceMs) {
        unwatch();
        await leave(pipeline, group, graceMs);
        await Promise.allSettled([admin.close(), deadLetters.close(), clickhouse.close()]);
      },
    };
  } catch (error) {
    watch.stops();
    await Promise.allSettled([admin.close(), clickhouse.close()]);
    throw error;
  }
}

async function checkFold(clickhouse: ClickHouse): Promise<void> {
  const foldVersion = await recordedFact(clickhouse, 'fold_version');
  if (foldVersion === FOLD_VERSION) return;
  throw new OperatorError(
    `the store was filled by fold version ${foldVersion ?? 'unknown'}, and this program folds with ${FOLD_VERSION}: ` +
      'run `kaquan rebuild orders`.',
  );
}

interface Parts {
  readonly kafka: ReturnType<typeof createKafka>;
  readonly clickhouse: ClickHouse;
  readonly admin: KafkaAdmin;
  readonly deadLetters: RecordProducer;
  readonly recorded: RecordedTopic;
  /** The last exchange when this began. */
  readonly exchange: number;
  readonly waits: Waits;
  readonly watch: MemberWatch;
}

function assemble(options: OrdersOptions, parts: Parts) {
  const { kafka, clickhouse, admin, deadLetters, recorded, exchange, waits, watch } = parts;
  const { config, logger, now, acceptGap = false, onFatal, onCommitted } = options;
  // A request that outlives the session would end after the partition went to another member; one that is given much
  // less would never succeed on a store that is slow and alive.
  const timeoutMs = Math.floor(config.KAFKA_SESSION_TIMEOUT_MS * 0.9);
  const origin = { group: config.ORDERS_GROUP, topic: TOPIC, generation: recorded.generation };
  const store = new Store({ clickhouse, deadLetters, origin, exchange, timeoutMs, now, logger, waits });
  const checks = createLogChecks({
    admin,
    mayStart: (signal) => refuseHeld(clickhouse, origin.group, { timeoutMs, signal }),
    group: origin.group,
    topic: TOPIC,
    partitions: recorded.partitions,
    acceptGap,
    accounted: (signal) => accountedOffsets(clickhouse, origin, { timeoutMs, signal }),
    stored: (signal) => lastStoredRecords(clickhouse, origin.generation, { timeoutMs, signal }),
    recordSkips: (skips, signal) => store.recordSkips(skips, signal),
  });
  const pipeline = new OrdersPipeline({
    limits: {
      events: config.ORDERS_BATCH_EVENTS,
      bytes: config.ORDERS_BATCH_BYTES,
      waitMs: config.ORDERS_FLUSH_MS,
    },
    lanes: {
      cachedStates: config.ORDERS_CACHE,
      brakeWindow: config.BRAKE_WINDOW,
      brakeShare: config.BRAKE_SHARE,
    },
    workshop: {
      group: config.ORDERS_GROUP,
      pool: new BufferPool(POOLED_BUFFERS),
      generation: recorded.generation,
      schemas: createSchemas({ registryUrl: config.SCHEMA_REGISTRY_URL }),
      plausible: {
        past: config.PLAUSIBLE_PAST_DAYS * DAY_MS,
        future: config.PLAUSIBLE_FUTURE_DAYS * DAY_MS,
      },
      partitions: recorded.partitions,
    },
    lookUp: stateLookUp(clickhouse, timeoutMs),
    knownOrders: (signal) => knownOrders(clickhouse, signal),
    store,
    checks,
    persist: persistence({ waits, logger }),
    logger,
    onFatal,
    ...(onCommitted && { onCommitted }),
  });
  const group = createGroup(
    kafka,
    admin,
    {
      groupId: config.ORDERS_GROUP,
      topic: TOPIC,
      sessionTimeoutMs: config.KAFKA_SESSION_TIMEOUT_MS,
      partitionBytes: FETCH_BYTES,
      concurrency: recorded.partitions,
      maxWaitMs: FETCH_WAIT_MS,
    },
    pipeline,
    logger,
    watch,
  );
  pipeline.attach(group);
  return { pipeline, group, checks };
}

async function leave(pipeline: OrdersPipeline, group: Group, graceMs: number): Promise<void> {
  group.pause();
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMs);
  });
  await Promise.race([pipeline.drain(), deadline]);
  clearTimeout(timer);
  pipeline.abandon();
  await group.stop();
}
