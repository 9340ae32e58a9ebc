import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { avroType } from '../../../schemas/coupon_order/avro-types.ts';
import {
  createSchemas,
  embeddedRegistry,
  encodeEvent,
  encodeFramed,
  LATEST,
  registryClient,
  RegistryError,
  WRITER_SCHEMAS,
} from '../../../schemas/index.ts';
import { eventOf } from '../../arbitrary/event.ts';
import { validExamples } from './example-files.ts';

const V2 = readFileSync(new URL('../../fixtures/coupon_order/v2.avsc', import.meta.url), 'utf8');
const event = eventOf(new Map(validExamples()).get('full'));
const v2Value = (id: number) =>
  encodeFramed(avroType(V2), id, { ...event, coupon: { ...event.coupon, coupon_batch_name: 'spring' } });

type Answer = readonly [status: number, body: unknown];
type Handler = (method: string, path: string, body: string) => Answer | undefined;

const servers: Server[] = [];

/** A registry over HTTP; a handler that answers undefined leaves the request hanging. */
async function registry(handler: Handler): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks = (await request.toArray()) as Buffer[];
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const answer = handler(request.method ?? '', request.url ?? '', Buffer.concat(chunks).toString());
    if (answer === undefined) return;
    const [status, body] = answer;
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const server = createServer((request, response) => void respond(request, response));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const NOT_FOUND: Answer = [404, { error_code: 40403, message: 'Schema not found' }];

describe('schemas without a registry', () => {
  it('know the released versions, by the ids made from them', async () => {
    const schemas = createSchemas();
    expect(LATEST.id).toBe(201_106_122);
    expect(await schemas.writer(LATEST.id)).toMatchObject({ id: LATEST.id, text: LATEST.text });
    expect(await schemas.writer(1)).toBeUndefined();
    expect(schemas.loaded(1)).toBeUndefined();
    expect(schemas.decodeFolded(1, encodeEvent(event, 1))).toEqual({ ok: false, reason: 'unknown_schema' });
    expect(schemas.decodeEvent(1, encodeEvent(event, 1))).toEqual({ ok: false, reason: 'unknown_schema' });
    expect(await schemas.encodingId('coupon_order.v1')).toBe(LATEST.id);
  });

  it('read a further version beside the released ones', () => {
    const schemas = createSchemas({ extraVersions: [V2] });
    const id = avroType(V2).fingerprint('sha256').readUInt32BE(0) & 0x7fff_ffff;
    expect(schemas.decodeEvent(id, v2Value(id))).toEqual({ ok: true, value: event });
    expect(schemas.decodeFolded(id, v2Value(id))).toEqual(
      schemas.decodeFolded(LATEST.id, encodeEvent(event)),
    );
    expect(schemas.decodeFolded(id, encodeEvent(event))).toEqual({ ok: false, reason: 'malformed' });
  });

  it('are what the embedded registry lists', () => {
    expect(embeddedRegistry()).toEqual(
      WRITER_SCHEMAS.map(({ version, id, text }) => ({
        subject: 'coupon_order.v1-value',
        version,
        id,
        schema: text,
      })),
    );
  });
});

describe('schemas of a registry', () => {
  it('are asked for once, however many wait, and kept', async () => {
    const { url, requests } = await registry((_method, path) =>
      path === '/schemas/ids/7' ? [200, { schema: V2 }] : NOT_FOUND,
    );
    const schemas = createSchemas({ registryUrl: url });
    const writers = await Promise.all([schemas.writer(7), schemas.writer(7), schemas.writer(7)]);
    expect(writers.every((writer) => writer?.text === V2)).toBe(true);
    expect(schemas.loaded(7)).toBe(writers[0]);
    expect(await schemas.writer(7)).toBe(writers[0]);
    expect(requests).toEqual(['GET /schemas/ids/7']);
    expect(schemas.decodeEvent(7, v2Value(7))).toEqual({ ok: true, value: event });
  });

  it('do not hide those known by themselves', async () => {
    const { url, requests } = await registry(() => [500, {}]);
    const schemas = createSchemas({ registryUrl: url });
    expect((await schemas.writer(LATEST.id))?.text).toBe(LATEST.text);
    expect(requests).toEqual([]);
  });

  it('that it has not are unknown, and not asked for with each record', async () => {
    const { url, requests } = await registry(() => NOT_FOUND);
    const schemas = createSchemas({ registryUrl: url });
    expect([await schemas.writer(9), await schemas.writer(9)]).toEqual([undefined, undefined]);
    expect(requests).toHaveLength(1);
  });

  it.each<[string, Answer]>([
    ['no Avro', [200, { schema: 'syntax = "proto3";', schemaType: 'PROTOBUF' }]],
    ['no schema', [200, { schema: '{"type":"nonsense"}' }]],
    ['no JSON', [200, { schema: '{' }]],
  ])('that are %s are unknown', async (_name, answer) => {
    const { url } = await registry(() => answer);
    expect(await createSchemas({ registryUrl: url }).writer(9)).toBeUndefined();
  });

  it('of something else than an event can’t be read, and that is said', async () => {
    const { url } = await registry(() => [200, { schema: '"string"' }]);
    const schemas = createSchemas({ registryUrl: url });
    expect(await schemas.writer(9)).toBeDefined();
    expect(schemas.decodeFolded(9, encodeEvent(event, 9))).toEqual({
      ok: false,
      reason: 'incompatible_schema',
    });
  });

  it.each<[string, Answer | undefined]>([
    ['fails', [500, { error_code: 50001, message: 'Error in the backend' }]],
    ['says 404 of something else', [404, { error: 'no such page' }]],
    ['speaks no JSON', [200, '<html>']],
    ['speaks another JSON', [200, { text: V2 }]],
    ['asks for a password', [401, { error_code: 401, message: 'Unauthorized' }]],
    ['does not answer', undefined],
  ])('that %s is asked again', async (_name, answer) => {
    let next = answer;
    const { url } = await registry(() => next);
    const schemas = createSchemas({ registryUrl: url, timeoutMs: 200 });
    await expect(schemas.writer(7)).rejects.toThrow(RegistryError);
    next = [200, { schema: V2 }];
    expect((await schemas.writer(7))?.text).toBe(V2);
  });

  it('that is not there is asked again', async () => {
    const { url } = await registry(() => NOT_FOUND);
    const port = (servers[0]?.address() as AddressInfo).port;
    await new Promise((resolve) => servers.splice(0)[0]?.close(resolve));
    await expect(createSchemas({ registryUrl: url }).writer(7)).rejects.toThrow(
      'schema registry: no answer to /schemas/ids/7',
    );
    expect(port).toBeGreaterThan(0);
  });
});

describe('registering', () => {
  it('posts the newest schema under the topic’s subject, and frames with the id', async () => {
    const bodies: string[] = [];
    const { url, requests } = await registry((_method, _path, body) => {
      bodies.push(body);
      return [200, { id: 41 }];
    });
    expect(await createSchemas({ registryUrl: url }).encodingId('a/b')).toBe(41);
    expect(requests).toEqual(['POST /subjects/a%2Fb-value/versions']);
    expect(JSON.parse(bodies[0] ?? '')).toEqual({ schema: LATEST.text });
  });

  it('that is refused says why', async () => {
    const { url } = await registry(() => [
      409,
      { error_code: 409, message: 'Schema being registered is incompatible' },
    ]);
    await expect(registryClient({ url }).register('s', LATEST.text)).rejects.toThrow(
      'schema registry: status 409 to /subjects/s/versions: 409 Schema being registered is incompatible',
    );
  });
});
