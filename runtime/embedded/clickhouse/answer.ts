import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createGzip } from 'node:zlib';
import type { Writable } from 'node:stream';

import { ServerError, statusOf } from './errors.ts';
import { contentTypeOf } from './formats.ts';
import type { JobStats } from './job.ts';
import type { Piece } from './run-job.ts';

/**
 * Sends the pieces of an answer. The status leaves with the first piece; an error after that is told as ClickHouse tells
 * it: a block at the end of a body that then breaks off, between tags that a header names.
 * @throws {ServerError} the error, if nothing was sent yet
 */
export async function sendPieces(
  response: ServerResponse,
  pieces: AsyncGenerator<Piece>,
  format: string,
  gzip: boolean,
): Promise<void> {
  // Also one that closes before there is a piece: it would never drain, nor close again.
  const closed = once(response, 'close').catch(() => undefined);
  const first = await pieces.next();
  const tag = randomBytes(8).toString('hex');
  response.setHeader('Content-Type', contentTypeOf(format));
  response.setHeader('X-ClickHouse-Format', format);
  response.setHeader('X-ClickHouse-Exception-Tag', tag);
  response.setHeader('X-ClickHouse-Summary', summary(first.done ? undefined : first.value.stats));
  const body = bodyOf(response, gzip);
  try {
    for (let piece = first; !piece.done; piece = await pieces.next()) {
      if (response.destroyed) return;
      if (!body.stream.write(piece.value.bytes)) await Promise.race([once(body.stream, 'drain'), closed]);
    }
    body.end(true);
  } catch (error) {
    body.stream.write(exceptionBlock(ServerError.from(error).message, tag));
    body.end(false);
  } finally {
    await pieces.return(undefined);
  }
}

function exceptionBlock(message: string, tag: string): string {
  const text = `${message}\n`;
  return `\r\n__exception__\r\n${tag}\r\n${text}${Buffer.byteLength(text)} ${tag}\r\n__exception__\r\n`;
}

interface Body {
  readonly stream: Writable;
  /** Ends it; one that is not whole breaks off, so that no client takes it for one that is. */
  end(whole: boolean): void;
}

function bodyOf(response: ServerResponse, gzip: boolean): Body {
  const finish = (whole: boolean): void => {
    if (whole) response.end();
    else response.socket?.destroySoon();
  };
  if (!gzip) return { stream: response, end: finish };
  response.setHeader('Content-Encoding', 'gzip');
  const stream = createGzip({ level: 3 });
  stream.pipe(response, { end: false });
  const end = (whole: boolean): void => {
    stream.once('end', () => finish(whole));
    stream.end();
  };
  return { stream, end };
}

const SUMMARY = [
  'read_rows',
  'read_bytes',
  'written_rows',
  'written_bytes',
  'total_rows_to_read',
  'result_rows',
  'result_bytes',
  'elapsed_ns',
] as const;

function summary(stats: JobStats | undefined): string {
  const counts: Partial<Record<(typeof SUMMARY)[number], number>> = {
    read_rows: stats?.rowsRead ?? 0,
    read_bytes: stats?.bytesRead ?? 0,
    written_rows: stats?.rowsWritten ?? 0,
    written_bytes: stats?.bytesWritten ?? 0,
    elapsed_ns: Math.round((stats?.elapsedSeconds ?? 0) * 1e9),
  };
  return JSON.stringify(Object.fromEntries(SUMMARY.map((name) => [name, String(counts[name] ?? 0)])));
}

/** Answers with an error, in ClickHouse's own words; nothing if the other side is gone. */
export function sendError(response: ServerResponse, thrown: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const error = ServerError.from(thrown);
  response.setHeader('X-ClickHouse-Exception-Code', error.code);
  if (error.code === 516) response.setHeader('WWW-Authenticate', 'Basic realm="ClickHouse server HTTP API"');
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
  response.writeHead(statusOf(error.code)).end(`${error.message}\n`);
}
