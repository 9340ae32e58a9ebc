import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';

import { ServerError } from './errors.ts';

/** A larger body is refused: it is held in memory as a whole, twice for a moment. */
const MAX_BODY_BYTES = 1 << 30;

/** The body of a request as it was before compression. */
export function decoded(message: IncomingMessage): Readable {
  const encoding = message.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return message;
  const decoder = encoding === 'gzip' ? createGunzip() : encoding === 'deflate' ? createInflate() : undefined;
  if (decoder === undefined)
    throw ServerError.of(344, `Content-Encoding ${encoding} is not supported here; gzip is.`);
  message.on('error', (error) => decoder.destroy(error));
  return message.pipe(decoder);
}

/**
 * The whole of a body, each byte copied once.
 * @throws {ServerError} 307 if it is too large
 */
export async function collected(message: IncomingMessage): Promise<Buffer> {
  const announced = Number(message.headers['content-length']);
  const plain = message.headers['content-encoding'] === undefined;
  if (plain && announced > MAX_BODY_BYTES) throw tooLarge();
  const body = decoded(message);
  return plain && announced > 0 ? filled(body, announced) : joined(body);
}

async function filled(body: Readable, length: number): Promise<Buffer> {
  const all = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) at += chunk.copy(all, at);
  return all.subarray(0, at);
}

async function joined(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

const tooLarge = (): ServerError =>
  ServerError.of(307, `A request's body must not exceed ${MAX_BODY_BYTES} bytes; send it in parts.`);

/** The fields of a multipart/form-data body: how long parameters are sent. */
export async function formFields(body: Buffer, contentType: string): Promise<[string, string][]> {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- it has no limits; the body it reads here has one
  const form = await new Response(body, { headers: { 'content-type': contentType } }).formData();
  return [...form].filter((field): field is [string, string] => typeof field[1] === 'string');
}
