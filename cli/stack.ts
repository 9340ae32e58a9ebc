import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { clickhouseSettings } from '../runtime/clickhouse/settings.ts';
import { embeddedSettings, startStack, type StackOptions } from '../runtime/embedded/index.ts';
import { kafkaSettings } from '../runtime/kafka/settings.ts';
import { parseSettings } from '../runtime/process/settings.ts';
import { embeddedRegistry } from '../schemas/index.ts';
import { CommandError, EXIT } from './failure.ts';
import { packageFolder } from './package.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * `kaquan stack`: Kafka, ClickHouse and the schemas until SIGINT or SIGTERM.
 * @returns 0 after a signal
 * @throws {CommandError} what was in the way, or what ended by itself
 */
export async function stack({ data }: { readonly data: string }, env: Env): Promise<number> {
  const ending = firstSignal();
  try {
    const running = await startStack({ ...optionsOf(data, env), signal: ending });
    process.stdout.write(
      `ready: Kafka at ${running.brokers}, ClickHouse and the schemas at ${running.clickhouseUrl}\n`,
    );
    const failed = await Promise.race([aborted(ending), running.failed]);
    await running.stop();
    if (failed === undefined) return EXIT.done;
    throw new CommandError(failed);
  } catch (error) {
    if (ending.aborted) return EXIT.done;
    throw error instanceof Error ? new CommandError(error.message) : error;
  }
}

// The first one ends it in order; more of them change nothing while that is under way.
function firstSignal(): AbortSignal {
  const ending = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => ending.abort(new Error(name)));
  return ending.signal;
}

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });

function optionsOf(dataDir: string, env: Env): StackOptions {
  const settings = parseSettings({ ...kafkaSettings, ...clickhouseSettings, ...embeddedSettings }, env);
  return {
    dataDir,
    brokers: settings.KAFKA_BROKERS.join(','),
    extraListeners: settings.STACK_KAFKA_LISTENERS ?? [],
    clickhouseUrl: settings.CLICKHOUSE_URL,
    users: {
      writer: { user: settings.CLICKHOUSE_USER, password: settings.CLICKHOUSE_PASSWORD },
      analyst: { user: settings.CLICKHOUSE_ANALYST_USER, password: settings.CLICKHOUSE_ANALYST_PASSWORD },
    },
    analystDatabase: 'kaquan',
    schemas: embeddedRegistry(),
    pom: fileURLToPath(new URL('../pom.xml', import.meta.url)),
    cache: join(packageFolder(), 'node_modules', '.cache', 'kaquan'),
    env: { ...env },
    onProgress: (sentence) => process.stderr.write(`${sentence}\n`),
  };
}
