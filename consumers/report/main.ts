import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';

import { reportReader } from '../../domain/report/reports.ts';
import { createClickHouse, type ClickHouse } from '../../runtime/clickhouse/client.ts';
import { deadLetterRecord } from '../../runtime/kafka/dead-letters.ts';
import { createGroup } from '../../runtime/kafka/group.ts';
import { createLogChecks, watchPartitions, type LogChecks } from '../../runtime/kafka/log-checks.ts';
import { memberRegistry, openMember, type Member } from '../../runtime/kafka/member.ts';
import { createRecordProducer, type RecordProducer } from '../../runtime/kafka/producer.ts';
import { createMetrics } from '../../runtime/metrics/metrics.ts';
import { OperatorError } from '../../runtime/process/operator-error.ts';
import { persistence } from '../../runtime/process/persistence.ts';
import type { Parsed } from '../../runtime/process/settings.ts';
import { deadLetterTopic, REPORT_GROUP, TOPIC } from '../../schemas/coupon_order/topic.ts';
import { createSchemas } from '../../schemas/index.ts';
import { CredentialsError, credentialsFile, type Credentials } from '../../schemas/report_api/index.ts';
import { agreedTopic } from '../../sql/agreement.ts';
import { accountedOffsets, lastStoredRecords, skipRows } from '../../sql/ledgers.ts';
import { refuseHeld } from '../../sql/rebuilds.ts';
import type { RecordedTopic } from '../../sql/records.ts';
import { createReportClient, type ReportClient } from './client.ts';
import type { reportSettings } from './config.ts';
import type { DeadRecord } from './courier.ts';
import { createDeliveries } from './delivery.ts';
import { judge } from './judge.ts';
import { deliveredIds, ledgerLookUp } from './ledger.ts';
import {
  countWritten,
  countedDeliveries,
  measuredClient,
  reportMetrics,
  type ReportMetrics,
} from './metrics.ts';
import { ReportPipeline } from './pipeline.ts';

export type ReportConfig = Parsed<typeof reportSettings>;

export interface ReportOptions {
  readonly config: ReportConfig;
  readonly logger: Logger;
  /** ms since 1970 */
  readonly now: () => number;
  /** From 0 to before 1. */
  readonly random: () => number;
  /** Goes on behind what retention removed, and records it as skipped. */
  readonly acceptGap?: boolean;
  /** The group can't go on; the message says why and names the way out. */
  readonly onFatal: (error: Error) => void;
}

/** A running member of the report group. */
export interface ReportConsumer {
  /** Sends no more, writes down and commits what was sent, then leaves; gives up what is not stored after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

// Not less than a producer's batch: of a smaller fetch only the first partition gets one that is larger.
const PARTITION_BYTES = 1_048_576;
// What is fetched at once is decoded at once, and answers of the API wait meanwhile. Where batches are larger, one partition at a time
// gets one; those whose lanes are full are left out, so that each has its turn.
const FETCH_BYTES = 524_288;
const FETCH_WAIT_MS = 100;
// ClickHouse takes one large insert a second for much less than two of half its size.
const LEDGER_WAIT_MS = 1000;
const BODY_BYTES = 262_144;

/** Where events go, and as whom. @throws {OperatorError} when a setting for it is missing or wrong */
export function destinationOf(config: ReportConfig): {
  readonly url: string;
  readonly credentials: Credentials;
} {
  const { REPORT_URL: url, REPORT_CREDENTIALS: path, REPORT_MODE: mode } = config;
  if (url === undefined) {
    throw new OperatorError(
      'REPORT_URL is not set, so that no event leaves this machine: set it to the report API, such as https://zhls.qq.com, ' +
        'or to a receiver of your own (kaquan serve report-receiver).',
    );
  }
  if (path === undefined)
    throw new OperatorError(
      `REPORT_CREDENTIALS is not set: name a JSON file {"<WeChat app_id>" or "*": {"app_id", …}}.`,
    );
  const credentials = credentialsIn(path);
  for (const [app, { secret }] of credentials) {
    if (mode === 'safe-report' && secret === undefined)
      throw new OperatorError(
        `REPORT_CREDENTIALS: ${path}: ${app} has no app_secret, which REPORT_MODE=safe-report signs with.`,
      );
  }
  return { url, credentials };
}

function credentialsIn(path: string): Credentials {
  try {
    return credentialsFile('REPORT_CREDENTIALS', path);
  } catch (error) {
    throw error instanceof CredentialsError ? new OperatorError(error.message) : error;
  }
}

/**
 * Joins the group; resolves once it fetches. It ends with a HeldError when a rebuild keeps the group's consumers away.
 * @throws {OperatorError} when it may not run, naming the way out
 */
export async function startReport(options: ReportOptions): Promise<ReportConsumer> {
  const { config, logger, now } = options;
  const destination = destinationOf(config);
  const listen = config.REPORT_LISTEN;
  const registry = memberRegistry(listen);
  const metrics = createMetrics(registry, reportMetrics);
  const member = await openMember({
    group: REPORT_GROUP,
    clientId: 'kaquan-report',
    config,
    listen,
    setting: 'REPORT_LISTEN',
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
    clientName: 'kaquan-report',
    logger,
  });
  try {
    const dlq = deadLetterTopic(REPORT_GROUP);
    const recorded = await agreedTopic(clickhouse, admin, {
      topic: TOPIC,
      partitions: config.KAFKA_PARTITIONS,
      others: [dlq],
    });
    const deadLetters = await createRecordProducer(kafka, { topic: dlq });
    const plainClient = createReportClient({
      url: destination.url,
      mode: config.REPORT_MODE,
      timeoutMs: config.REPORT_TIMEOUT_MS,
      connections: recorded.partitions,
      now: options.now,
      // Random bytes one by one cost more than all the rest of a query.
      nonce: () => randomUUID().replaceAll('-', ''),
    });
    const { credentials } = destination;
    const client = measuredClient(plainClient, metrics);
    const parts = { clickhouse, deadLetters, recorded, client, credentials, member, metrics };
    const { pipeline, checks } = assemble(options, parts);
    const group = createGroup(
      kafka,
      admin,
      groupOptions(config, recorded, member),
      pipeline,
      logger,
      member.watch,
    );
    pipeline.attach(group);
    await group.start();
    member.follow(TOPIC);
    const unwatch = watchPartitions(checks, options.onFatal, logger);
    return {
      async stop(graceMs) {
        unwatch();
        group.pause();
        await pipeline.end(graceMs);
        await group.stop();
        await Promise.allSettled([deadLetters.close(), clickhouse.close(), client.close(), member.close()]);
      },
    };
  } catch (error) {
    await Promise.allSettled([clickhouse.close(), member.close()]);
    throw error;
  }
}

const groupOptions = (config: ReportConfig, { partitions }: RecordedTopic, { address }: Member) => ({
  groupId: REPORT_GROUP,
  topic: TOPIC,
  sessionTimeoutMs: config.KAFKA_SESSION_TIMEOUT_MS,
  partitionBytes: PARTITION_BYTES,
  fetchBytes: FETCH_BYTES,
  concurrency: partitions,
  maxWaitMs: FETCH_WAIT_MS,
  address,
});

interface Parts {
  readonly clickhouse: ClickHouse;
  readonly deadLetters: RecordProducer;
  readonly recorded: RecordedTopic;
  readonly client: ReportClient;
  readonly credentials: Credentials;
  readonly member: Member;
  readonly metrics: ReportMetrics;
}

function assemble(options: ReportOptions, parts: Parts): { pipeline: ReportPipeline; checks: LogChecks } {
  const { config, logger, now, random, acceptGap = false, onFatal } = options;
  const { clickhouse, deadLetters, recorded, client, credentials, member, metrics } = parts;
  const { admin, waits } = member;
  // A request that outlives the session would end after the partition went to another member.
  const timeoutMs = Math.floor(config.KAFKA_SESSION_TIMEOUT_MS * 0.9);
  const owner = { group: REPORT_GROUP, generation: recorded.generation };
  const onDone = (step: string, seconds: number): void => metrics.stepSeconds.observe({ step }, seconds);
  const persist = persistence({ waits, logger, onDone });
  const checks = createLogChecks({
    admin,
    mayStart: (signal) => refuseHeld(clickhouse, REPORT_GROUP, { timeoutMs, signal }),
    group: REPORT_GROUP,
    topic: TOPIC,
    partitions: recorded.partitions,
    acceptGap,
    accounted: (signal) => accountedOffsets(clickhouse, owner, { timeoutMs, signal }),
    stored: (signal) => lastStoredRecords(clickhouse, owner.generation, { timeoutMs, signal }),
    async recordSkips(skips, signal) {
      if (skips.length === 0) return;
      const { sql, rows } = skipRows(skips, owner);
      await clickhouse.insert(sql, [rows], { timeoutMs, signal });
    },
  });
  const schemas = createSchemas({ registryUrl: config.SCHEMA_REGISTRY_URL });
  const form = { key: config.REPORT_KEY, times: config.REPORT_TIMES, amounts: config.REPORT_AMOUNTS };
  const reading = { read: reportReader(schemas, form), group: REPORT_GROUP };
  const pipeline = new ReportPipeline({
    assignment: {
      schemas,
      persist,
      lane: {
        brakeWindow: config.BRAKE_WINDOW,
        brakeShare: config.BRAKE_SHARE,
        judge: (record) => judge(record, reading),
      },
      courier: {
        deliveries: countedDeliveries(
          createDeliveries({
            client,
            credentials,
            mostRefused: config.BRAKE_WINDOW,
            isSingle: config.REPORT_ARRAY_MAX === 1,
            patience: { firstMs: config.REPORT_RETRY_MS, mostMs: config.REPORT_RETRY_MAX_MS },
            retryCodes: config.REPORT_RETRY_CODES ?? new Set(),
            now,
            random,
            logger,
            waits,
            onRetry: (app) => metrics.retries.inc({ app }),
            onBreaker: (app, isOpen) => metrics.breakerOpen.set({ app }, isOpen ? 1 : 0),
          }),
          metrics,
        ),
        limits: { events: config.REPORT_ARRAY_MAX, bytes: BODY_BYTES },
        generation: recorded.generation,
        now,
        logger,
      },
      book: {
        clickhouse,
        owner,
        persist,
        timeoutMs,
        waitMs: LEDGER_WAIT_MS,
        onWritten: (written) => countWritten(metrics, written),
      },
      lookUp: ledgerLookUp(clickhouse, timeoutMs),
      publish: (records) => publishDead(deadLetters, records, recorded, now()),
    },
    checks,
    notes: () => admin.notes(REPORT_GROUP, TOPIC),
    deliveredIds: (signal) => deliveredIds(clickhouse, signal),
    rate: config.REPORT_RATE,
    partitions: recorded.partitions,
    graceMs: config.REPORT_TIMEOUT_MS + timeoutMs,
    logger,
    onFatal,
  });
  return { pipeline, checks };
}

async function publishDead(
  producer: RecordProducer,
  records: readonly DeadRecord[],
  { topic, generation }: RecordedTopic,
  at: number,
): Promise<void> {
  await producer.send(
    records.map(({ record, reason, detail }) => {
      const { partition, offset, time, key, value, headers } = record;
      return deadLetterRecord({
        group: REPORT_GROUP,
        reason,
        ...(detail !== undefined && { detail }),
        at,
        origin: { topic, generation, partition, offset, time },
        key,
        value,
        headers,
      });
    }),
  );
}
