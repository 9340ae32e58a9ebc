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

const QUICK = { retries: 2, initialRetryTime: 200, maxRetryTime: 1000 };

/** Kafka as a command needs it: gives up within seconds if nobody answers. */
export const connectKafka = (env: Env): Promise<KafkaAdmin> => createAdmin(kafkaClient(env, QUICK));

/** Kafka for work that waits for it, such as a new topic to find its leaders; gives up at once if nobody answers. */
export async function connectPatientKafka(env: Env): Promise<KafkaAdmin> {
  await (await connectKafka(env)).close();
  return createAdmin(kafkaClient(env));
}

function kafkaClient(env: Env, retry?: typeof QUICK): ReturnType<typeof createKafka> {
  const { KAFKA_BROKERS: brokers } = parseSettings(kafkaSettings, env);
  return createKafka({
    brokers,
    clientId: 'kaquan-cli',
    logger: commandLogger(env),
    ...(retry && { retry }),
  });
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
