import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { createClient, ClickHouseLogLevel } from '@clickhouse/client';
import type { ClickHouse, ClickHouseOptions, RequestOptions } from './interface.ts';
import { rowsOf, wholeAnswer } from './request.ts';
import { IDLE_SOCKET_TTL_MS, MOST_CONNECTIONS } from './sockets.ts';
import { warningsTo } from './warnings.ts';

export { ClickHouseError, TransportError, isDataRefusal } from './errors.ts';

export type {
  ClickHouse,
  ClickHouseOptions,
  InsertOptions,
  Reader,
  ReadOptions,
  RequestOptions,
  ServerSettings,
} from './interface.ts';

/** The client's own timer counts silence of the socket, and for all requests alike; ours is per request. */
const NEVER_MS = 2_000_000_000;

/** A ClickHouse client; connects on first use. */
export function createClickHouse(options: ClickHouseOptions): ClickHouse {
  const client = createClient({
    url: options.url,
    username: options.user,
    password: options.password,
    application: options.clientName,
    max_open_connections: options.maxConnections ?? MOST_CONNECTIONS,
    request_timeout: NEVER_MS,
    keep_alive: { enabled: true, idle_socket_ttl: IDLE_SOCKET_TTL_MS, eagerly_destroy_stale_sockets: true },
    log: { level: ClickHouseLogLevel.WARN, LoggerClass: warningsTo(options.logger) },
  });

  async function send(
    sql: string,
    request: RequestOptions,
    values?: Readable,
    headers?: Record<string, string>,
  ): Promise<Buffer> {
    try {
      return await wholeAnswer(sql, request, options.settings, async (settings, signal) => {
        const answer = await client.exec({
          query: sql,
          clickhouse_settings: settings,
          query_params: { ...request.params },
          abort_signal: signal,
          ignore_error_response: true,
          ...(request.queryId === undefined ? {} : { query_id: request.queryId }),
          ...(values === undefined ? {} : { values }),
          ...(headers === undefined ? {} : { http_headers: headers }),
        });
        return {
          status: answer.http_status_code ?? 0,
          headers: answer.response_headers,
          stream: answer.stream,
        };
      });
    } finally {
      values?.destroy();
    }
  }

  return {
    query: (sql, request = {}) => rowsOf(sql, request, send),
    queryBuffer: (sql, request = {}) => send(sql, request),
    async command(sql, request = {}) {
      await send(sql, request);
    },
    async insert(sql, chunks, request) {
      if (chunks.length === 0) return;
      const pinned = { ...request, settings: { ...request.settings, async_insert: 0 } };
      const body = Readable.from(chunks, { objectMode: false });
      if (request.gzip) await send(sql, pinned, body.pipe(createGzip()), { 'Content-Encoding': 'gzip' });
      else await send(sql, pinned, body);
    },
    close: () => client.close(),
  };
}
