import { ClickHouseError } from '../runtime/clickhouse/errors.ts';
import { clickhouseSettings } from '../runtime/clickhouse/settings.ts';
import { streamQuery } from '../runtime/clickhouse/stream.ts';
import { parseSettings } from '../runtime/process/settings.ts';
import { CommandError, EXIT } from './failure.ts';
import type { Io } from './io.ts';

export interface SqlOptions {
  readonly query: string;
  /** ClickHouse's name of the output format. */
  readonly format?: string;
}

/** `kaquan sql`: the query as the analyst, its rows on standard output. */
export async function sql({ query, format }: SqlOptions, { env, stdout }: Io): Promise<number> {
  const settings = parseSettings(clickhouseSettings, env);
  const target = {
    url: settings.CLICKHOUSE_URL,
    user: settings.CLICKHOUSE_ANALYST_USER,
    password: settings.CLICKHOUSE_ANALYST_PASSWORD,
    database: 'kaquan',
    format: format ?? (stdout.isTTY ? 'PrettyCompact' : 'TSVWithNames'),
  };
  try {
    await streamQuery(query, target, stdout);
  } catch (error) {
    // The person who typed the query may see all of it again.
    if (error instanceof ClickHouseError) throw new CommandError(error.detail);
    throw error;
  }
  return EXIT.done;
}
