import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { createClient, ClickHouseLogLevel } from '@clickhouse/client';
import type { Logger } from 'pino';
import { bodyOf } from './answer.ts';
import { deadlineOf } from './deadline.ts';
import { warningsTo } from './warnings.ts';

export { ClickHouseError, TransportError, isDataRefusal } from './errors.ts';

export type ServerSettings = Readonly<Record<string, string | number>>;

export interface RequestOptions {
  /** Values of `{name:Type}` in the text. They travel in the URL: a few, and short ones. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** ClickHouse settings of this request alone. */
  readonly settings?: ServerSettings;
  /** The whole request, answer included, in ms; 60,000 unless told. The server is given the same time, in whole seconds. */
  readonly timeoutMs?: number;
  /** Gives the request up; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly queryId?: string;
}

export interface InsertOptions extends RequestOptions {
  readonly timeoutMs: number;
  /** Compresses the body on its way: for a server that is not on this machine. */
  readonly gzip?: boolean;
}

/**
 * ClickHouse over HTTP. Every method rejects with a ClickHouseError when the server refused, with a TransportError
 * when no whole answer came in time (what the server did is then unknown), and cancels the request in that case.
 * Nothing is retried here. Safe to use concurrently.
 */
export interface ClickHouse {
  /**
   * The rows of a SELECT (without FORMAT), one object each. 64-bit integers and wider, and Decimals, come as strings
   * so that they stay exact: cast with toUInt32 or toFloat64 where numbers are wanted. Times come as ClickHouse's text.
   */
  query<Row>(sql: string, options?: RequestOptions): Promise<Row[]>;
  /**
   * The bytes of a SELECT that names its own FORMAT. Look-ups of thousands of keys go in the text itself (see
   * `tupleList`), which travels in the body; the limits on a query's length are raised to its size.
   */
  queryBuffer(sql: string, options?: RequestOptions): Promise<Buffer>;
  /** A statement without rows: DDL, INSERT … SELECT. */
  command(sql: string, options?: RequestOptions): Promise<void>;
  /**
   * Streams `chunks`, as they are, as the data of `INSERT INTO … FORMAT …`. Resolves only when the rows are stored.
   * The chunks must not change until then; sending the same ones again is the caller's retry.
   */
  insert(sql: string, chunks: readonly Buffer[], options: InsertOptions): Promise<void>;
  /** Closes all connections; requests in flight fail. */
  close(): Promise<void>;
}

export interface ClickHouseOptions {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Names this process in ClickHouse's query log. */
  readonly clientName: string;
  readonly logger?: Pick<Logger, 'warn'>;
  /** Connections at most, 10 unless told; further requests wait for one. */
  readonly maxConnections?: number;
  /** Settings of every request instead of the usual ones; pass `{}` for a user that may not change settings. */
  readonly settings?: ServerSettings;
}

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
