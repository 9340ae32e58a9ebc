import { createRequire } from 'node:module';

/** One connection of the engine: a ClickHouse session with its own settings, roles and database. */
export type Connection = object;

export interface WholeResult {
  readonly bytes: Uint8Array;
  /** Seconds. */
  readonly elapsed: number;
  readonly rowsRead: number;
  readonly bytesRead: number;
}

export interface RawInsertResult {
  readonly elapsed: number;
  readonly rowsWritten: number;
  readonly bytesWritten: number;
}

export type StreamChunk = { readonly done: true } | { readonly done: false; readonly bytes: Uint8Array };

export interface Classification {
  readonly statementCount: number;
  /** 0 reads only, 1 changes a database, 2 changes global objects, 3 SET/USE/SYSTEM/KILL, 4 did not parse. */
  readonly queryClass: number;
}

/**
 * The functions of chdb's native addon that the front uses: its public package has no binary inserts. Every promise
 * runs on a libuv thread; a connection does one thing at a time and must not be closed before that has settled.
 */
export interface Addon {
  CreateConnection(path: string, args: readonly string[]): Connection;
  CloseConnection(connection: Connection): void;
  QueryAsyncConnection(connection: Connection, sql: string, format: string): Promise<WholeResult>;
  /** `prefix` ends with the format's name; the data are passed as they are. */
  InsertRawAsyncConnection(
    connection: Connection,
    prefix: string,
    data: Uint8Array,
    countLines: boolean,
  ): Promise<RawInsertResult>;
  DurableClassifyAsync(connection: Connection, sql: string, database: null): Promise<Classification>;
  /** Plans on the calling thread, which includes running scalar subqueries. */
  StreamQuery(connection: Connection, sql: string, format: string): object;
  StreamFetch(stream: object): Promise<StreamChunk>;
  StreamCancel(stream: object): void;
}

const PACKAGES: Readonly<Record<string, string>> = {
  'darwin-arm64': '@chdb/lib-darwin-arm64',
  'darwin-x64': '@chdb/lib-darwin-x64',
  'linux-arm64': '@chdb/lib-linux-arm64-gnu',
  'linux-x64': '@chdb/lib-linux-x64-gnu',
};

/**
 * Loads chdb's addon for this platform.
 * @throws {Error} with a sentence that says which platforms there are, or what to install.
 */
export function loadAddon(platform = `${process.platform}-${process.arch}`): Addon {
  const name = PACKAGES[platform];
  if (name === undefined) {
    throw new Error(
      `ClickHouse as a library (chdb) runs on ${Object.keys(PACKAGES).join(', ')}, and this is ${platform}.`,
    );
  }
  // The platform's package is chdb's dependency, not ours: it is found from where chdb lies.
  const fromChdb = createRequire(createRequire(import.meta.url).resolve('chdb/package.json'));
  try {
    return fromChdb(name) as Addon;
  } catch (cause) {
    throw new Error(
      `ClickHouse as a library (${name}) cannot be loaded. Run npm ci again, on this machine.`,
      {
        cause,
      },
    );
  }
}
