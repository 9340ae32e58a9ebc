import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createClickHouse, type ClickHouse } from '../../../../runtime/clickhouse/client.ts';
import { createReader, type OpenReader } from '../../../../runtime/clickhouse/reader.ts';

// What a healthy ClickHouse answers is tested on a real one; here are the answers that a real one gives only when it fails.

interface Seen {
  url: URL;
  body: Buffer;
  headers: IncomingMessage['headers'];
}

let server: Server;
let clickhouse: ClickHouse;
let reader: OpenReader;
let seen: Seen[];
let answer: (response: ServerResponse) => void;

beforeEach(async () => {
  seen = [];
  answer = (response) => response.end();
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push({
        url: new URL(request.url ?? '/', 'http://h'),
        body: Buffer.concat(chunks),
        headers: request.headers,
      });
      answer(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const options = { url: `http://127.0.0.1:${port}`, user: 'u', password: 'p', clientName: 'unit' };
  clickhouse = createClickHouse(options);
  reader = createReader(options);
});

afterEach(async () => {
  await Promise.all([clickhouse.close(), reader.close()]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const insert = (options = {}) =>
  clickhouse.insert('INSERT INTO t FORMAT RowBinary', [Buffer.from('ab'), Buffer.from('c')], {
    timeoutMs: 5_000,
    ...options,
  });

const query = (options = {}) => clickhouse.query('SELECT a', { timeoutMs: 5_000, ...options });
const read = (options = {}) => reader.query('SELECT a', { timeoutMs: 5_000, ...options });

const ERROR_TEXT = 'Code: 252. DB::Exception: Too many parts. (TOO_MANY_PARTS) (version 26.7)';

describe('a request', () => {
  it('sends the chunks as they are, the statement beside them, and never asynchronously', async () => {
    await insert({ queryId: 'q-1' });
    expect(seen[0]?.body.toString()).toBe('abc');
    expect(seen[0]?.url.searchParams.get('query')).toBe('INSERT INTO t FORMAT RowBinary');
    expect(seen[0]?.url.searchParams.get('async_insert')).toBe('0');
    expect(seen[0]?.url.searchParams.get('query_id')).toBe('q-1');
    expect(seen[0]?.headers['content-encoding']).toBeUndefined();
  });

  it('pins async_insert against a setting of the caller', async () => {
    await insert({ settings: { async_insert: 1, max_insert_block_size: 5 } });
    expect(seen[0]?.url.searchParams.get('async_insert')).toBe('0');
    expect(seen[0]?.url.searchParams.get('max_insert_block_size')).toBe('5');
  });

  it('compresses the body when asked to', async () => {
    await insert({ gzip: true });
    expect(seen[0]?.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(seen[0]?.body ?? Buffer.alloc(0)).toString()).toBe('abc');
  });

  it('does not speak to the server for nothing', async () => {
    await clickhouse.insert('INSERT INTO t FORMAT RowBinary', [], { timeoutMs: 5_000 });
    expect(seen).toEqual([]);
  });

  it('gives the server the time that it has itself, in whole seconds', async () => {
    await insert({ timeoutMs: 1_001 });
    await clickhouse.query('SELECT 1');
    expect(seen.map(({ url }) => url.searchParams.get('max_execution_time'))).toEqual(['2', '60']);
  });

  it('reads as it queries: the same settings, text and credentials', async () => {
    await query({ settings: { max_threads: 1 } });
    await read({ settings: { max_threads: 1 } });
    const [queried, asked] = seen.map(({ url, body, headers }) => {
      url.searchParams.delete('query_id');
      return { url: url.href, body: body.toString(), authorization: headers.authorization };
    });
    expect(asked).toEqual(queried);
    expect(asked?.body).toBe('SELECT a\nFORMAT JSONEachRow');
  });

  it('announces the length of a long query, and only of a long one', async () => {
    await clickhouse.queryBuffer(`SELECT '${'x'.repeat(300_000)}'`);
    await clickhouse.queryBuffer('SELECT 1');
    expect(Number(seen[0]?.url.searchParams.get('max_query_size'))).toBeGreaterThan(300_000);
    expect(seen[1]?.url.searchParams.has('max_query_size')).toBe(false);
  });
});

describe.each([
  ['an insert', insert],
  ['a query', query],
  ['a read', read],
])('an error of %s', (_, ask) => {
  it('comes as a status', async () => {
    answer = (response) => response.writeHead(500).end(ERROR_TEXT);
    await expect(ask()).rejects.toMatchObject({
      name: 'ClickHouseError',
      code: 252,
      type: 'TOO_MANY_PARTS',
      status: 500,
    });
  });

  it('comes as a header beside status 200', async () => {
    answer = (response) => response.writeHead(200, { 'X-ClickHouse-Exception-Code': '252' }).end(ERROR_TEXT);
    await expect(ask()).rejects.toMatchObject({ name: 'ClickHouseError', code: 252, status: 200 });
  });
});

describe.each([
  ['a query', query],
  ['a read', read],
])('an error of %s', (_, ask) => {
  it('comes as the tail of an answer that had begun', async () => {
    answer = (response) => {
      response.writeHead(200, { 'X-ClickHouse-Exception-Tag': 'pqrstuvwxyzabcde' });
      const tail = `__exception__\r\npqrstuvwxyzabcde\r\n${ERROR_TEXT}\n${ERROR_TEXT.length + 1} pqrstuvwxyzabcde\r\n__exception__\r\n`;
      response.end(`{"a":1}\n\r\n${tail}`);
    };
    await expect(ask()).rejects.toMatchObject({ code: 252, status: 200 });
  });

  it('is none when a row only quotes the mark', async () => {
    answer = (response) =>
      response.writeHead(200, { 'X-ClickHouse-Exception-Tag': 'tag' }).end('{"a":"__exception__"}\n');
    await expect(ask()).resolves.toEqual([{ a: '__exception__' }]);
  });
});

describe.each([
  ['an insert', insert],
  ['a query', query],
  ['a read', read],
])('no answer to %s', (_, ask) => {
  it('is a TransportError when nobody listens', async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await expect(ask()).rejects.toMatchObject({ name: 'TransportError', kind: 'connection' });
  });

  it('is a TransportError when the connection breaks before the answer', async () => {
    answer = (response) => response.destroy();
    await expect(ask()).rejects.toMatchObject({ name: 'TransportError', kind: 'connection' });
  });

  it('is a TransportError when the answer is cut short: an insert may not pass for stored', async () => {
    answer = (response) => {
      response.writeHead(200, { 'Content-Length': '10' });
      response.write('abc', () => response.destroy());
    };
    await expect(ask()).rejects.toMatchObject({ name: 'TransportError', kind: 'connection' });
  });

  it('ends at its time-out, and the server sees the connection close', async () => {
    const gone = new Promise((resolve) => {
      answer = (response) => response.on('close', resolve);
    });
    await expect(ask({ timeoutMs: 2000 })).rejects.toMatchObject({
      name: 'TransportError',
      kind: 'timeout',
    });
    await gone;
  });

  it('ends at its time-out also when the answer had begun', async () => {
    answer = (response) => void response.writeHead(200).write('{"a":1}\n');
    await expect(ask({ timeoutMs: 50 })).rejects.toMatchObject({ kind: 'timeout' });
  });

  it('rejects with the reason of the caller who gave it up', async () => {
    const controller = new AbortController();
    answer = () => controller.abort(new Error('revoked'));
    await expect(ask({ signal: controller.signal })).rejects.toThrow('revoked');
  });

  it('rejects at once when the caller had given it up before, or does so before anything is sent', async () => {
    const controller = new AbortController();
    const attempt = ask({ signal: controller.signal });
    controller.abort(new Error('revoked'));
    await expect(attempt).rejects.toThrow('revoked');
    await expect(ask({ signal: controller.signal })).rejects.toThrow('revoked');
    expect(seen).toEqual([]);
  });
});
