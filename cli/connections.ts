import { pino, type Logger } from 'pino';

import { createClickHouse, type ClickHouse } from '../runtime/clickhouse/client.ts';
import { clickhouseSettings } from '../runtime/clickhouse/settings.ts';
import { createAdmin, type KafkaAdmin } from '../runtime/kafka/admin.ts';
import { createKafka } from '../runtime/kafka/client.ts';
import { kafkaSettings } from '../runtime/kafka/settings.ts';
import { parseSettings } from '../runtime/process/settings.ts';
import type { Io } from './io.ts';

type Env = Io['env'];

/** Libraries are silent in commands that a person waits for, unless KAQUAN_DEBUG is set. */
export function commandLogger(env: Env): Logger {
  return env['KAQUAN_DEBUG']
    ? pino({ level: 'debug' }, pino.destination(2))
    : pino({}, { write: () => undefined });
}

/** Under a second: whether anybody answers at all. */
const PROBE = { retries: 2, initialRetryTime: 200, maxRetryTime: 1000 };

// A broker that is frozen takes connections, and answers nothing.
const PROBE_MS = 4000;

/** Some seconds: a group that is asked for the first time has to find its coordinator. */
const SHORT = { retries: 8, initialRetryTime: 200, maxRetryTime: 1000 };

/** About a minute: a new topic has to find its leaders. */
const LONG = { retries: 16, initialRetryTime: 200, maxRetryTime: 5000 };

/** Kafka for a command; fails within seconds if nobody answers. @param work whether it makes things, and may wait for them */
export async function connectKafka(env: Env, work = false): Promise<KafkaAdmin> {
  const { KAFKA_BROKERS: brokers } = parseSettings(kafkaSettings, env);
  const connect = (retry: typeof PROBE, requestTimeoutMs?: number): Promise<KafkaAdmin> =>
    createAdmin(
      createKafka({
        brokers,
        clientId: 'kaquan-cli',
        logger: commandLogger(env),
        retry,
        ...(requestTimeoutMs !== undefined && { requestTimeoutMs }),
      }),
    );
  await (await connect(PROBE, PROBE_MS)).close();
  return connect(work ? LONG : SHORT);
}

/** Kafka for a command that publishes or reads records. @param env of which nobody has found out yet whether Kafka answers */
export const kafkaClient = (env: Env): ReturnType<typeof createKafka> =>
  createKafka({
    brokers: parseSettings(kafkaSettings, env).KAFKA_BROKERS,
    clientId: 'kaquan-cli',
    logger: commandLogger(env),
    retry: LONG,
  });

/** ClickHouse as the user that writes and looks up. */
export function connectClickHouse(env: Env): ClickHouse {
  const settings = parseSettings(clickhouseSettings, env);
  return createClickHouse({
    url: settings.CLICKHOUSE_URL,
    user: settings.CLICKHOUSE_USER,
    password: settings.CLICKHOUSE_PASSWORD,
    clientName: 'kaquan-cli',
    logger: commandLogger(env),
  });
}
