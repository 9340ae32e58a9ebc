import type { Readable } from 'node:stream';
import { parseClickHouseError } from './errors.ts';

/** What came back for one request, before anybody has judged it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly stream: Readable;
}

/**
 * The whole body of an answer. An error may come as a status, as a header beside status 200, or as the tail of a body
 * that had begun; each is thrown.
 * @throws {ClickHouseError} when the server refused; whatever the stream throws when the connection breaks.
 */
export async function bodyOf(answer: Answer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer.stream) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const code = header(answer, 'x-clickhouse-exception-code');
  if (answer.status >= 400 || code !== undefined)
    throw parseClickHouseError(body.toString(), answer.status, code);
  throwTailException(answer, body);
  return body;
}

/** After the headers have gone, the server can only say what failed at the body's end, between two marks. */
function throwTailException(answer: Answer, body: Buffer): void {
  const tag = header(answer, 'x-clickhouse-exception-tag');
  if (tag === undefined) return;
  const mark = body.lastIndexOf(`__exception__\r\n${tag}`);
  if (mark >= 0) throw parseClickHouseError(body.subarray(mark).toString(), answer.status);
}

function header(answer: Answer, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
