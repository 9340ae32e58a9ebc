import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';

import { bodyOf } from './answer.ts';
import { parseClickHouseError, TransportError } from './errors.ts';
import { ExceptionTail } from './exception-tail.ts';

export interface StreamOptions {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** ClickHouse's name of the format, unless the query names one itself. */
  readonly format: string;
}

/** The answer had begun, and ended before its end: what was written is not all. */
export class BrokenAnswerError extends Error {
  override readonly name = 'BrokenAnswerError';
}

/**
 * Writes the answer of one query to `out` as it comes, whatever its size; `out` is left open.
 * @throws {ClickHouseError} when the server refused, also in the midst of its answer; {TransportError} when it is away;
 *   {BrokenAnswerError} when the connection broke in the midst of the answer.
 */
export async function streamQuery(
  query: string,
  options: StreamOptions,
  out: NodeJS.WritableStream,
): Promise<void> {
  const response = await answerTo(query, options);
  const { statusCode: status = 0, headers } = response;
  if (status >= 400 || headers['x-clickhouse-exception-code'] !== undefined) {
    await bodyOf({ status, headers, stream: response });
  }
  const tail = new ExceptionTail(headers['x-clickhouse-exception-tag']);
  response.on('data', (chunk: Buffer) => tail.write(chunk) || hold(response, tail));
  const whole = new Promise<boolean>((resolve) => {
    response.once('close', () => {
      tail.end();
      resolve(response.complete);
    });
    response.once('error', () => undefined);
  });
  await pipeline(tail, out, { end: false });
  const isWhole = await whole;
  // The server breaks the connection off after the block that says why.
  if (tail.exception !== '') throw parseClickHouseError(tail.exception, status);
  if (!isWhole) throw new BrokenAnswerError(`the answer of ${options.url} broke off: these are not all rows`);
}

/** A response that is paused when its connection breaks loses what it holds, and with it the reason: so it is paused late. */
const AHEAD_BYTES = 67_108_864;

function hold(response: IncomingMessage, tail: ExceptionTail): void {
  if (tail.writableLength < AHEAD_BYTES) return;
  response.pause();
  tail.once('drain', () => response.resume());
}

function answerTo(
  query: string,
  { url, user, password, database, format }: StreamOptions,
): Promise<IncomingMessage> {
  const target = `${url}/?${new URLSearchParams({ database, default_format: format }).toString()}`;
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    send(target, { method: 'POST', headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password } })
      .once('response', resolve)
      .once('error', (error) => reject(new TransportError('connection', `${url} is out of reach`, error)))
      .end(query);
  });
}
