import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { createClient, ClickHouseLogLevel } from '@clickhouse/client';
import { bodyOf } from './answer.ts';
import { deadlineOf } from './deadline.ts';
import type { ClickHouse, ClickHouseOptions, RequestOptions, ServerSettings } from './interface.ts';
import { warningsTo } from './warnings.ts';

export { ClickHouseError, TransportError, isDataRefusal } from './errors.ts';

export type {
  ClickHouse,
  ClickHouseOptions,
  InsertOptions,
  RequestOptions,
  ServerSettings,
} from './interface.ts';

const DEFAULT_TIMEOUT_MS = 60_000;

/** Half of the servers' own 3 s (older ones), so that no request is written to a connection that is being closed. */
const IDLE_SOCKET_TTL_MS = 1_500;

/** The client's own timer counts silence of the socket, and for all requests alike; ours is per request. */
const NEVER_MS = 2_000_000_000;

/** The server holds an answer back until it knows that it is whole, and stops a query that nobody waits for. */
const WHOLE_ANSWERS: ServerSettings = {
  http_wait_end_of_query: 1,
  cancel_http_readonly_queries_on_client_close: 1,
};

const EXACT_JSON: ServerSettings = {
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_decimals: 1,
};

/** The server's default for max_query_size; a longer text is announced. */
const PLAIN_QUERY_BYTES = 262_144;

/** A ClickHouse client; connects on first use. */
export function createClickHouse(options: ClickHouseOptions): ClickHouse {
  const client = createClient({
    url: options.url,
    username: options.user,
    password: options.password,
    application: options.clientName,
    max_open_connections: options.maxConnections ?? 10,
    request_timeout: NEVER_MS,
    keep_alive: { enabled: true, idle_socket_ttl: IDLE_SOCKET_TTL_MS, eagerly_destroy_stale_sockets: true },
    log: { level: ClickHouseLogLevel.WARN, LoggerClass: warningsTo(options.logger) },
  });

  async function send(
    sql: string,
    request: RequestOptions,
    values?: Readable,
    headers?: Record<string, string>,
  ) {
    const timeoutMs = request.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const deadline = deadlineOf(timeoutMs, request.signal);
    const standing = options.settings ?? {
      ...WHOLE_ANSWERS,
      max_execution_time: Math.ceil(timeoutMs / 1000),
    };
    try {
      // The client library listens for an abort that is still to come, and would wait for ever on one that has been.
      deadline.signal.throwIfAborted();
      const answer = await client.exec({
        query: sql,
        clickhouse_settings: { ...standing, ...lengthSettings(sql), ...request.settings },
        query_params: { ...request.params },
        abort_signal: deadline.signal,
        ignore_error_response: true,
        ...(request.queryId === undefined ? {} : { query_id: request.queryId }),
        ...(values === undefined ? {} : { values }),
        ...(headers === undefined ? {} : { http_headers: headers }),
      });
      deadline.onExpiry((reason) => answer.stream.destroy(reason));
      return await bodyOf({
        status: answer.http_status_code ?? 0,
        headers: answer.response_headers,
        stream: answer.stream,
      });
    } catch (error) {
      throw deadline.judge(error);
    } finally {
      deadline.clear();
      values?.destroy();
    }
  }

  return {
    async query<Row>(sql: string, request: RequestOptions = {}) {
      const exact = { ...request, settings: { ...EXACT_JSON, ...request.settings } };
      const body = await send(`${sql}\nFORMAT JSONEachRow`, exact);
      return body
        .toString()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Row);
    },
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

function lengthSettings(sql: string): ServerSettings {
  const bytes = Buffer.byteLength(sql);
  return bytes < PLAIN_QUERY_BYTES ? {} : { max_query_size: bytes + 1, max_ast_elements: bytes };
}
