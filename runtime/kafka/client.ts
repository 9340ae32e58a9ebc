import kafkajs, { type Kafka, type LogEntry, type RetryOptions } from 'kafkajs';
import type { Logger } from 'pino';

import { registerCodecs } from './codecs.ts';
import { loggedTrouble } from './trouble.ts';
import { wholeAnswers } from './whole-answers.ts';

export interface KafkaOptions {
  /** host:port */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly logger: Logger;
  /** How kafkajs tries again; the default goes on for about a minute. */
  readonly retry?: RetryOptions;
  /** How long a broker may take to answer, ms; 30,000 unless told. */
  readonly requestTimeoutMs?: number;
  /** Whoever is told of this says so to people; the log of kafkajs does not then. */
  readonly told?: ConnectionEvents;
}

/** What kafkajs tells in its log alone. */
export interface ConnectionEvents {
  /** A broker can't be reached. */
  away(reason: string): void;
  /** The member of a group begins to join it again. */
  rejoining(): void;
}

// kafkajs logs a rebalance, a lost connection and each retry as errors; they mend themselves.
const PINO_LEVEL = { 0: 'silent', 1: 'warn', 2: 'warn', 4: 'debug', 5: 'trace' } as const;

const isKnownLevel = (level: number): level is keyof typeof PINO_LEVEL => level in PINO_LEVEL;

function logTo(logger: Logger, told: ConnectionEvents | undefined) {
  return () => (entry: LogEntry) => {
    const { namespace, level, log } = entry;
    const { message, timestamp: _, logger: __, stack: ___, ...fields } = log;
    const { isRepeated, away, isRejoining } = loggedTrouble(entry);
    if (away !== undefined) told?.away(away);
    if (isRejoining) told?.rejoining();
    const plainly = isRepeated && told !== undefined;
    const to = isKnownLevel(level) && !plainly ? PINO_LEVEL[level] : 'debug';
    if (to !== 'silent') logger[to]({ component: namespace, ...redacted(fields) }, message);
  };
}

// Only what names a place or a cause: other fields of kafkajs may hold records.
const LOGGED = [
  'groupId',
  'memberId',
  'topic',
  'partition',
  'offset',
  'broker',
  'error',
  'retryCount',
  'clientId',
];

function redacted(fields: Record<string, unknown>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const name of LOGGED) {
    const value = fields[name];
    if (typeof value === 'string' || typeof value === 'number') kept[name] = value;
  }
  return kept;
}

/** A Kafka client that reads every codec and logs through `logger`. */
export function createKafka({
  brokers,
  clientId,
  logger,
  retry,
  requestTimeoutMs = 30_000,
  told,
}: KafkaOptions): Kafka {
  registerCodecs();
  return new kafkajs.Kafka({
    clientId,
    brokers: [...brokers],
    logLevel: kafkajs.logLevel.INFO,
    logCreator: logTo(logger.child({ library: 'kafkajs' }, { level: 'warn' }), told),
    socketFactory: wholeAnswers,
    connectionTimeout: 3000,
    requestTimeout: requestTimeoutMs,
    retry: retry ?? { initialRetryTime: 200, maxRetryTime: 5000, retries: 12 },
  });
}
