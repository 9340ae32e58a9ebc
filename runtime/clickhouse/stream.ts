import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { bodyOf } from './answer.ts';
import { TransportError } from './errors.ts';

export interface StreamOptions {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** ClickHouse's name of the format, unless the query names one itself. */
  readonly format: string;
}

/**
 * Writes the answer of one query to `out` as it comes, whatever its size; `out` is left open.
 * @throws {ClickHouseError} when the server refused; {TransportError} when it is away, or the answer broke off.
 */
export async function streamQuery(
  query: string,
  { url, user, password, database, format }: StreamOptions,
  out: NodeJS.WritableStream,
): Promise<void> {
  const target = `${url}/?${new URLSearchParams({ database, default_format: format }).toString()}`;
  const headers = { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password };
  const response = await reach(url, fetch(target, { method: 'POST', headers, body: query }));
  const answer = {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    stream: response.body === null ? Readable.from([]) : Readable.fromWeb(response.body),
  };
  if (!response.ok || response.headers.has('x-clickhouse-exception-code')) await bodyOf(answer);
  await reach(url, pipeline(answer.stream, out, { end: false }));
}

async function reach<T>(url: string, attempt: Promise<T>): Promise<T> {
  try {
    return await attempt;
  } catch (error) {
    throw new TransportError('connection', `the answer of ${url} broke off`, error);
  }
}
