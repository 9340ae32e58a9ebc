import { pino, type Logger } from 'pino';

import { createClickHouse, type ClickHouse } from '../runtime/clickhouse/client.ts';
import { clickhouseSettings } from '../runtime/clickhouse/settings.ts';
import { createAdmin, type KafkaAdmin } from '../runtime/kafka/admin.ts';
import { createKafka } from '../runtime/kafka/client.ts';
import { kafkaSettings } from '../runtime/kafka/settings.ts';
import { parseSettings } from '../runtime/process/settings.ts';
import type { Io } from './program.ts';

type Env = Io['env'];

/** Libraries are silent in commands that a person waits for, unless KAQUAN_DEBUG is set. */
export function commandLogger(env: Env): Logger {
  return env['KAQUAN_DEBUG']
    ? pino({ level: 'debug' }, pino.destination(2))
    : pino({}, { write: () => undefined });
}

/** Kafka as a command needs it: gives up within seconds if nobody answers. */
export function connectKafka(env: Env): Promise<KafkaAdmin> {
  const { KAFKA_BROKERS: brokers } = parseSettings(kafkaSettings, env);
  const retry = { retries: 2, initialRetryTime: 200, maxRetryTime: 1000 };
  return createAdmin(createKafka({ brokers, clientId: 'kaquan-cli', logger: commandLogger(env), retry }));
}

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
