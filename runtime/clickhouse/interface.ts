import type { Logger } from 'pino';

export type ServerSettings = Readonly<Record<string, string | number>>;

export interface ReadOptions {
  /** ClickHouse settings of this request alone. */
  readonly settings?: ServerSettings;
  /** The whole request, answer included, in ms; 60,000 unless told. The server is given the same time, in whole seconds. */
  readonly timeoutMs?: number;
  /** Gives the request up; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface RequestOptions extends ReadOptions {
  /** Values of `{name:Type}` in the text. They travel in the URL: a few, and short ones. */
  readonly params?: Readonly<Record<string, unknown>>;
  readonly queryId?: string;
}

export interface InsertOptions extends RequestOptions {
  readonly timeoutMs: number;
  /** Compresses the body on its way: for a server that is not on this machine. */
  readonly gzip?: boolean;
}

/** Asks ClickHouse, as `ClickHouse` does. */
export interface Reader {
  /** The rows of a SELECT, as `ClickHouse` has them. */
  query<Row>(sql: string, options?: ReadOptions): Promise<Row[]>;
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
