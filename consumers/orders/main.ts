import type { Logger } from 'pino';

import { FOLD_VERSION } from '../../domain/order/state.ts';
import { createClickHouse, type ClickHouse } from '../../runtime/clickhouse/client.ts';
import { BufferPool } from '../../runtime/bytes/growable.ts';
import { createGroup, type Group } from '../../runtime/kafka/group.ts';
import { createLogChecks, watchPartitions } from '../../runtime/kafka/log-checks.ts';
import { memberRegistry, openMember, type Member } from '../../runtime/kafka/member.ts';
import { createRecordProducer, type RecordProducer } from '../../runtime/kafka/producer.ts';
import { createMetrics } from '../../runtime/metrics/metrics.ts';
import { OperatorError } from '../../runtime/process/operator-error.ts';
import { persistence } from '../../runtime/process/persistence.ts';
import type { Parsed } from '../../runtime/process/settings.ts';
import { createSchemas } from '../../schemas/index.ts';
import { deadLetterTopic, ORDERS_GROUP, TOPIC } from '../../schemas/coupon_order/topic.ts';
import { agreedTopic } from '../../sql/agreement.ts';
import { accountedOffsets, lastStoredRecords } from '../../sql/ledgers.ts';
import { exchangeNumber, refuseHeld } from '../../sql/rebuilds.ts';
import { recordedFact, type RecordedTopic } from '../../sql/records.ts';
import type { Batch } from './batch.ts';
import type { ordersSettings } from './config.ts';
import { knownOrders } from './known-orders.ts';
import { stateLookUp } from './look-up.ts';
import { countBatch, ordersMetrics, type OrdersMetrics } from './metrics.ts';
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
const MOST_FETCH_BYTES = 1_048_576;
// A smaller one would be a round trip for a few records.
const LEAST_FETCH_BYTES = 65_536;
// Disputes, events, milestones and states of the batch in store and of the one being built.
const POOLED_BUFFERS = 8;
const FETCH_WAIT_MS = 100;

/**
 * Joins the group; resolves once it fetches. It ends with a HeldError when a rebuild keeps the group's consumers away.
 * @throws {OperatorError} when it may not run, naming the way out
 */
export async function startOrders(options: OrdersOptions): Promise<OrdersConsumer> {
  const { config, logger, now } = options;
  const listen = config.ORDERS_LISTEN;
  const registry = memberRegistry(listen);
  const metrics = createMetrics(registry, ordersMetrics);
  const member = await openMember({
    group: ORDERS_GROUP,
    clientId: 'kaquan-orders',
    config,
    listen,
    setting: 'ORDERS_LISTEN',
    registry,
    metrics,
    logger,
    now,
  });
  const { kafka, admin } = member;
  const clickhouse = createClickHouse({
    url: config.CLICKHOUSE_URL,
    user: config.CLICKHOUSE_USER,
    password: config.CLICKHOUSE_PASSWORD,
    clientName: 'kaquan-orders',
    logger,
  });
  try {
    // Before all that an exchange may change.
    const exchange = await exchangeNumber(clickhouse);
    const recorded = await agreedTopic(clickhouse, admin, {
      topic: TOPIC,
      partitions: config.KAFKA_PARTITIONS,
      others: [deadLetterTopic(ORDERS_GROUP)],
    });
    if (exchange === undefined)
      throw new OperatorError('the store is of an older version: run `kaquan migrate` first.');
    await checkFold(clickhouse);
    const deadLetters = await createRecordProducer(kafka, { topic: deadLetterTopic(ORDERS_GROUP) });
    const { pipeline, group, checks } = assemble(options, {
      clickhouse,
      deadLetters,
      recorded,
      exchange,
      member,
      metrics,
    });
    await group.start();
    member.follow(TOPIC);
    const unwatch = watchPartitions(checks, options.onFatal, logger);
    return {
      async stop(graceMs) {
        unwatch();
        await leave(pipeline, group, graceMs);
        await Promise.allSettled([deadLetters.close(), clickhouse.close(), member.close()]);
      },
    };
  } catch (error) {
    await Promise.allSettled([clickhouse.close(), member.close()]);
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
  readonly clickhouse: ClickHouse;
  readonly deadLetters: RecordProducer;
  readonly recorded: RecordedTopic;
  /** The last exchange when this began. */
  readonly exchange: number;
  readonly member: Member;
  readonly metrics: OrdersMetrics;
}

function assemble(options: OrdersOptions, parts: Parts) {
  const { clickhouse, deadLetters, recorded, exchange, member, metrics } = parts;
  const { admin, waits } = member;
  const onDone = (step: string, seconds: number): void => metrics.stepSeconds.observe({ step }, seconds);
  const { config, logger, now, acceptGap = false, onFatal, onCommitted } = options;
  // A request that outlives the session would end after the partition went to another member; one that is given much
  // less would never succeed on a store that is slow and alive.
  const timeoutMs = Math.floor(config.KAFKA_SESSION_TIMEOUT_MS * 0.9);
  const origin = { group: ORDERS_GROUP, topic: TOPIC, generation: recorded.generation };
  const store = new Store({
    clickhouse,
    deadLetters,
    origin,
    exchange,
    timeoutMs,
    now,
    logger,
    waits,
    onDone,
  });
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
      group: ORDERS_GROUP,
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
    persist: persistence({ waits, logger, onDone }),
    logger,
    onFatal,
    onStored: (batch, cachedStates) => countBatch(metrics, batch, cachedStates),
    ...(onCommitted && { onCommitted }),
  });
  const group = createGroup(
    member.kafka,
    admin,
    {
      groupId: ORDERS_GROUP,
      topic: TOPIC,
      sessionTimeoutMs: config.KAFKA_SESSION_TIMEOUT_MS,
      partitionBytes: fetchBytes(config.ORDERS_BATCH_BYTES, recorded.partitions),
      concurrency: recorded.partitions,
      maxWaitMs: FETCH_WAIT_MS,
      address: member.address,
    },
    pipeline,
    logger,
    member.watch,
  );
  pipeline.attach(group);
  return { pipeline, group, checks };
}

/** Bytes of one fetch of one partition: all of them together bring no more than one batch. */
const fetchBytes = (batchBytes: number, partitions: number): number =>
  Math.max(LEAST_FETCH_BYTES, Math.min(MOST_FETCH_BYTES, Math.floor(batchBytes / partitions)));

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
