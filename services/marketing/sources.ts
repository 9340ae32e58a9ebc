import type { Logger } from 'pino';

import { createClickHouse, type ClickHouse } from '../../runtime/clickhouse/client.ts';
import { createReader } from '../../runtime/clickhouse/reader.ts';
import type { Verdict } from '../../runtime/http/health.ts';
import { createAdmin } from '../../runtime/kafka/admin.ts';
import { createKafka, type ConnectionEvents } from '../../runtime/kafka/client.ts';
import { groupLag } from '../../runtime/kafka/lag.ts';
import { reconnecting } from '../../runtime/kafka/reconnecting.ts';
import { kafkaTrouble } from '../../runtime/kafka/trouble.ts';
import { Waits } from '../../runtime/process/waits.ts';
import { ORDERS_GROUP, TOPIC } from '../../schemas/coupon_order/topic.ts';
import type { MarketingConfig } from './config.ts';
import { watchFreshness, type Freshness } from './freshness.ts';
import { readCatalogue } from './catalogue/snapshot.ts';
import { lookUpBuyers } from './holdings.ts';
import { hasIdentities } from './identities.ts';
import type { CatalogueSnapshot } from './interface.ts';
import { openKnowledge, type Knowledge } from './knowledge.ts';
import type { MarketingMetrics } from './metrics.ts';
import { tellingOutages } from './outages.ts';
import { recordRedemptions } from './redemptions.ts';
import { wordsOf } from './request-log.ts';
import type { Sources } from './service.ts';

export interface SourcesOptions {
  readonly config: MarketingConfig;
  readonly logger: Logger;
  /** ms since 1970 */
  readonly now: () => number;
}

export interface OpenSources extends Sources {
  /** Resolves when each was asked once, answered or not. */
  readonly ready: Promise<unknown>;
  close(): Promise<void>;
}

const FRESHNESS_MS = 1000;
const CATALOGUE_MS = 2000;
const CATALOGUE_TIMEOUT_MS = 10_000;
const PROBE_MS = 1500;
/** A broker that does not answer by then is asked again, on another connection if need be. */
const KAFKA_MS = 5000;
const AGE_TOLD_MS = 1000;
const RECONNECT = { retries: 4, initialRetryTime: 200, maxRetryTime: 1000 };

/** ClickHouse for who holds what, Kafka for how fresh that is. */
export function openSources({ config, logger, now }: SourcesOptions, metrics: MarketingMetrics): OpenSources {
  const store = {
    url: config.CLICKHOUSE_URL,
    user: config.CLICKHOUSE_USER,
    password: config.CLICKHOUSE_PASSWORD,
    clientName: 'kaquan-marketing',
    logger,
  };
  const clickhouse = createClickHouse(store);
  const lookUps = createReader(store);
  const kafka = createKafka({
    brokers: config.KAFKA_BROKERS,
    clientId: 'kaquan-marketing',
    logger,
    retry: RECONNECT,
    requestTimeoutMs: KAFKA_MS,
    told: TOLD_BELOW,
  });
  const waits = new Waits({ logger, now });
  const admin = reconnecting(() => createAdmin(kafka));
  const freshness = watchFreshness({
    behind: tellingOutages(
      async () => (await admin.use((on) => groupLag(on, ORDERS_GROUP, TOPIC, now()))).seconds * 1000,
      { waits, of: 'Kafka', wordsOf: kafkaWords, now },
    ),
    everyMs: FRESHNESS_MS,
    now,
  });
  const knowledge = openKnowledge({
    readCatalogue: tellingOutages(
      (held: CatalogueSnapshot | undefined) =>
        readCatalogue(clickhouse, held, { timeoutMs: CATALOGUE_TIMEOUT_MS }),
      { waits, of: 'ClickHouse', wordsOf: (error) => wordsOf(error) ?? 'it fails', now },
    ),
    hasIdentities: () => hasIdentities(clickhouse, { timeoutMs: CATALOGUE_TIMEOUT_MS }),
    everyMs: CATALOGUE_MS,
    lookUp: lookUpBuyers(lookUps),
    lookUpMs: config.MARKETING_BUDGET_MS,
    shareMs: config.MARKETING_SHARE_MS,
    lookUps: config.MARKETING_LOOK_UPS,
    onLookUp(buyers, seconds) {
      metrics.lookUpBuyers.observe(buyers);
      metrics.lookUpSeconds.observe(seconds);
    },
  });
  const timer = setInterval(() => metrics.holdingsAge.set(freshness.age() / 1000), AGE_TOLD_MS);
  timer.unref();
  return {
    lookUp: knowledge.of,
    age: freshness.age,
    redeem: (couponIds, redeemed) => recordRedemptions(clickhouse, couponIds, redeemed),
    ready: Promise.all([freshness.ready, knowledge.ready]),
    checks: {
      clickhouse: () => reached(clickhouse),
      catalogue: () => readCatalogueVerdict(knowledge),
      holdings: () => freshVerdict(freshness, config.MARKETING_STALE_SECONDS),
    },
    async close() {
      clearInterval(timer);
      await Promise.all([clickhouse.close(), lookUps.close(), admin.close()]);
      await Promise.all([freshness.stop(), knowledge.stop()]);
    },
  };
}

/** That Kafka does not answer is told of each question to it: kafkajs need not say so too, several times a second. */
const TOLD_BELOW: ConnectionEvents = { away: () => undefined, rejoining: () => undefined };

const kafkaWords = (error: unknown): string =>
  `${kafkaTrouble(error) ?? wordsOf(error) ?? 'it fails'}; until it answers, holdings count as older and older`;

async function reached(clickhouse: ClickHouse): Promise<Verdict> {
  await clickhouse.query('SELECT 1', { timeoutMs: PROBE_MS });
  return { ok: true, sentence: 'ClickHouse answers.' };
}

function readCatalogueVerdict(knowledge: Knowledge): Verdict {
  const version = knowledge.catalogue()?.version;
  if (version === undefined)
    return {
      ok: false,
      sentence: 'The catalogue could not be read yet: is the store migrated (kaquan migrate)?',
    };
  const sentence =
    version === ''
      ? 'No catalogue was applied yet: kaquan catalogue apply FILE.'
      : `Version ${version} is in use.`;
  return { ok: true, sentence };
}

function freshVerdict(freshness: Freshness, staleSeconds: number): Verdict {
  const seconds = freshness.age() / 1000;
  if (seconds <= staleSeconds)
    return { ok: true, sentence: `Holdings are ${seconds.toFixed(1)} s behind the topic.` };
  const known = Number.isFinite(seconds)
    ? `Holdings are ${seconds.toFixed(0)} s behind the topic, more than ${staleSeconds} s`
    : 'How far holdings are behind the topic is not known';
  return { ok: false, sentence: `${known}: nothing is offered. See kaquan status.` };
}
