import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { afterEach, beforeEach, expect, it } from '@jest/globals';

import { createClickHouse, type ClickHouse } from '../../../../runtime/clickhouse/client.ts';
import { startClickHouseProxy, type ClickHouseProxy } from '../../../../runtime/faults/clickhouse-proxy.ts';
import { createRandom } from '../../../../runtime/process/random.ts';

let server: Server;
let proxy: ClickHouseProxy;
let clickhouse: ClickHouse;
let stored: string[];
let status: number;

beforeEach(async () => {
  stored = [];
  status = 200;
  server = createServer((request, response) => {
    void text(request).then((body) => {
      stored.push(body);
      response.writeHead(status).end('Code: 60. DB::Exception: no such table. (UNKNOWN_TABLE)');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const random = createRandom('1', 'clickhouse');
  proxy = await startClickHouseProxy({ target: `http://127.0.0.1:${port}`, random });
  clickhouse = createClickHouse({ url: proxy.url, user: 'u', password: 'p', clientName: 'unit' });
});

afterEach(async () => {
  await clickhouse.close();
  await proxy.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const insert = (rows = 'rows'): Promise<void> =>
  clickhouse.insert('INSERT INTO t FORMAT RowBinary', [Buffer.from(rows)], { timeoutMs: 5000 });

it('passes requests and answers on', async () => {
  await insert();
  expect(stored).toEqual(['rows']);
  status = 404;
  await expect(insert()).rejects.toMatchObject({ code: 60, status: 404 });
});

it('loses the answer after the rows were stored, and only then', async () => {
  const lost = proxy.inject({ type: 'lost_answer' });
  await expect(insert()).rejects.toMatchObject({ name: 'TransportError' });
  expect(stored).toEqual(['rows']);
  expect(lost.hits()).toBe(1);
  status = 404;
  await expect(insert()).rejects.toMatchObject({ code: 60 });
  expect(lost.hits()).toBe(1);
});

it('refuses with a code of ClickHouse, or with a page of something in between, and stores nothing', async () => {
  const full = proxy.inject({ type: 'answer', status: 500, code: 252, text: 'Code: 252. (TOO_MANY_PARTS)' });
  await expect(insert()).rejects.toMatchObject({ code: 252, status: 500 });
  full.remove();
  proxy.inject({ type: 'answer', status: 503, text: '<html>' });
  await expect(insert()).rejects.toMatchObject({ code: 0, status: 503 });
  expect(stored).toEqual([]);
});

it.each(['header', 'tail'] as const)('puts an error inside a 200 answer, in its %s', async (where) => {
  const inside = { type: 'error_in_200', where, code: 241, text: 'memory. (MEMORY_LIMIT_EXCEEDED)' } as const;
  const without = proxy.inject(inside);
  await expect(insert()).rejects.toMatchObject({ code: 241, status: 200 });
  expect(stored).toEqual([]);
  without.remove();
  const done = proxy.inject({ ...inside, isDone: true });
  await expect(insert()).rejects.toMatchObject({ code: 241 });
  expect(stored).toEqual(['rows']);
  expect([without.hits(), done.hits()]).toEqual([1, 1]);
});

it('does it to the drawn part of the requests that it is about', async () => {
  const lost = proxy.inject(
    { type: 'lost_answer' },
    { matches: (sql) => sql.includes('INSERT'), share: 0.3 },
  );
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => insert()));
  const failed = outcomes.filter((outcome) => outcome.status === 'rejected').length;
  expect(failed).toBe(lost.hits());
  expect(lost.hits()).toBeGreaterThan(0);
  expect(lost.hits()).toBeLessThan(50);
  await clickhouse.command('SELECT 1');
  expect(lost.requests()).toBe(50);
});

it('holds an answer back that the server has given', async () => {
  proxy.inject({ type: 'late_answer', ms: 200 });
  const late = insert();
  while (stored.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await expect(clickhouse.command('SELECT 1', { timeoutMs: 50 })).rejects.toMatchObject({ kind: 'timeout' });
  await late;
});

it('holds a request until it is told otherwise, and then fails it without having asked the server', async () => {
  const held = proxy.inject({ type: 'held' }, { matches: (_, body) => body.includes('first') });
  const first = insert('the first');
  await insert('the second');
  while (held.hits() === 0) await new Promise((resolve) => setImmediate(resolve));
  held.remove();
  await expect(first).rejects.toMatchObject({ name: 'TransportError' });
  expect(stored).toEqual(['the second']);
});

it('does it so many times at most', async () => {
  const refused = proxy.inject({ type: 'answer', status: 503, text: '' }, { times: 2 });
  const outcomes = [];
  for (let i = 0; i < 4; i += 1) outcomes.push(await insert(`${i}`).catch(() => 'refused'));
  expect(outcomes).toEqual(['refused', 'refused', undefined, undefined]);
  expect(refused.hits()).toBe(2);
  expect(refused.requests()).toBe(4);
});
