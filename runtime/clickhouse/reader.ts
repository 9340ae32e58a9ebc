import { Pool } from 'undici';

import type { ClickHouseOptions, Reader, ServerSettings } from './interface.ts';
import { rowsOf, wholeAnswer, type Exchange } from './request.ts';
import { IDLE_SOCKET_TTL_MS, MOST_CONNECTIONS } from './sockets.ts';

/** A reader with connections of its own. */
export interface OpenReader extends Reader {
  /** Closes all connections; requests in flight fail. */
  close(): Promise<void>;
}

/**
 * Reads for which somebody waits. ClickHouse's client library waits for a turn of the timers before each request, a millisecond or
 * more, and takes three times the CPU: of a look-up by primary key that is as long as the server needs.
 */
export function createReader(options: ClickHouseOptions): OpenReader {
  const { origin, pathname } = new URL(options.url);
  const pool = new Pool(origin, {
    connections: options.maxConnections ?? MOST_CONNECTIONS,
    pipelining: 1,
    keepAliveTimeout: IDLE_SOCKET_TTL_MS,
    keepAliveMaxTimeout: IDLE_SOCKET_TTL_MS,
    // Each request has a deadline of its own.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const headers = {
    authorization: `Basic ${Buffer.from(`${options.user}:${options.password}`).toString('base64')}`,
    'user-agent': options.clientName,
  };
  const exchange =
    (sql: string): Exchange =>
    async (settings, signal) => {
      const path = `${pathname}?${searchOf(settings)}`;
      const {
        statusCode,
        headers: received,
        body,
      } = await pool.request({
        method: 'POST',
        path,
        headers,
        body: sql,
        signal,
      });
      return { status: statusCode, headers: received, stream: body };
    };
  return {
    query: (sql, request = {}) =>
      rowsOf(sql, request, (text, exact) => wholeAnswer(text, exact, options.settings, exchange(text))),
    close: () => pool.destroy(),
  };
}

function searchOf(settings: ServerSettings): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(settings)) search.set(name, String(value));
  return search.toString();
}
