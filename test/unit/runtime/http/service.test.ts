import { Agent, request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';

import { hostPort } from '../../../../runtime/http/address.ts';
import { takeRawBodies } from '../../../../runtime/http/raw-bodies.ts';
import {
  startHttpService,
  type HttpService,
  type HttpServiceOptions,
} from '../../../../runtime/http/service.ts';
import { createRegistry } from '../../../../runtime/metrics/metrics.ts';
import { OperatorError } from '../../../../runtime/process/operator-error.ts';

let services: HttpService[] = [];
let agents: Agent[] = [];

afterEach(async () => {
  for (const agent of agents) agent.destroy();
  await Promise.all(services.map((service) => service.stop(0)));
  services = [];
  agents = [];
});

async function start(options: Partial<HttpServiceOptions> = {}): Promise<HttpService> {
  const service = await startHttpService({
    listen: { host: '127.0.0.1', port: 0 },
    setting: 'SOME_LISTEN',
    bodyBytes: 1000,
    checks: {},
    metrics: createRegistry(),
    failure: ({ status, sentence }) => ({ status, body: { code: status, msg: sentence } }),
    logger: pino({ level: 'silent' }),
    routes: () => undefined,
    ...options,
  });
  services.push(service);
  return service;
}

function keepAlive(): Agent {
  const agent = new Agent({ keepAlive: true });
  agents.push(agent);
  return agent;
}

/** A POST whose content type may be anything, also nothing. */
function post(url: string, body: string, type: string | undefined, agent?: Agent) {
  return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const headers = {
      'content-length': Buffer.byteLength(body),
      ...(type !== undefined && { 'content-type': type }),
    };
    const sent = request(
      url,
      { method: 'POST', headers, ...(agent && { agent }) },
      (response: IncomingMessage) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode, text }));
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
}

/** A route that answers when it is let; `entered` resolves when a request has come in. */
function held() {
  let letGo = (): void => undefined;
  let enter = (): void => undefined;
  const entered = new Promise<void>((resolve) => (enter = resolve));
  const free = new Promise<void>((resolve) => (letGo = resolve));
  const routes: HttpServiceOptions['routes'] = (app) => {
    app.get('/held', async () => {
      enter();
      await free;
      return { done: true };
    });
  };
  return { routes, entered, letGo };
}

describe('an HTTP service', () => {
  it('tells the port that 0 came to be', async () => {
    const { url } = await start();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  it('says in one sentence that its port is taken, and which setting to change', async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);
    const second = start({ listen: { host: '127.0.0.1', port } });
    await expect(second).rejects.toBeInstanceOf(OperatorError);
    await expect(second).rejects.toThrow(
      `127.0.0.1:${port} (SOME_LISTEN) is taken by another process: stop that one, or set SOME_LISTEN to another port`,
    );
  });

  it('is ready when every check is, and else says of each what is wrong', async () => {
    const { url } = await start({
      checks: {
        broker: () => ({ ok: true, sentence: 'It answers.' }),
        store: () => Promise.reject(new Error('The store is away.')),
      },
    });
    const answer = await fetch(`${url}/readyz`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({
      ready: false,
      checks: [
        { name: 'broker', ok: true, sentence: 'It answers.' },
        { name: 'store', ok: false, sentence: 'The store is away.' },
      ],
    });
    expect((await fetch(`${(await start()).url}/readyz`)).status).toBe(200);
  });

  it('answers a path that is none in its own form', async () => {
    const { url } = await start();
    const { status, text } = await post(`${url}/%zz`, '', undefined);
    expect([status, JSON.parse(text)]).toEqual([400, { code: 400, msg: 'the path is none' }]);
  });

  it('measures requests by route and status, never by what was asked for', async () => {
    const { url } = await start();
    await fetch(`${url}/livez?token=secret`);
    await fetch(`${url}/nowhere/secret`);
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toContain('kaquan_http_request_seconds_count{route="/livez",status="200"} 1');
    expect(text).toContain('kaquan_http_request_seconds_count{route="none",status="404"} 1');
    expect(text).toContain('process_cpu_user_seconds_total');
    expect(text).not.toContain('secret');
  });

  it.each(['application/json', 'text/plain; charset=gbk', undefined, 'no type at all', ';;'])(
    'hands over a body as it came, sent as %s',
    async (type) => {
      const { url } = await start({
        routes: (app) => {
          takeRawBodies(app);
          app.post('/', ({ body }) => ({ hex: Buffer.isBuffer(body) ? body.toString('hex') : null }));
        },
      });
      const { text } = await post(url, '{"券"', type);
      expect(JSON.parse(text)).toEqual({ hex: Buffer.from('{"券"').toString('hex') });
      expect((await post(url, '', type)).status).toBe(200);
    },
  );

  it('answers failures in the words of the service, without what happens inside', async () => {
    const { url } = await start({
      routes: (app) => {
        takeRawBodies(app);
        app.post('/', () => ({}));
        app.get('/broken', () => Promise.reject(new Error('open_id of somebody')));
      },
    });
    const large = await post(url, 'x'.repeat(1001), undefined);
    expect(large).toEqual({ status: 413, text: '{"code":413,"msg":"Request body is too large"}' });
    expect(await (await fetch(`${url}/nowhere?token=secret`)).json()).toEqual({
      code: 404,
      msg: 'there is no GET /nowhere',
    });
    const broken = await fetch(`${url}/broken`);
    expect([broken.status, await broken.json()]).toEqual([
      500,
      { code: 500, msg: 'the service failed; its log says why' },
    ]);
  });

  it.each(['Content-Length: 30000000', 'Transfer-Encoding: chunked'])(
    'lets a client that sends far too much before it reads know why it is refused: %s',
    async (header) => {
      const { url } = await start({
        routes: (app) => {
          takeRawBodies(app);
          app.post('/', () => ({}));
        },
      });
      const sent = connect(Number(new URL(url).port));
      sent.pause();
      sent.write(`POST / HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`);
      const half = Buffer.alloc(15_000_000, 'x');
      for (const part of [half, half]) {
        if (header.endsWith('chunked')) sent.write(`${part.length.toString(16)}\r\n`);
        await new Promise((resolve, reject) => sent.once('error', reject).write(part, resolve));
        if (header.endsWith('chunked')) sent.write('\r\n');
      }
      if (header.endsWith('chunked')) sent.write('0\r\n\r\n');
      expect(await text(sent)).toMatch(/^HTTP\/1\.1 413 [^]*"msg":"Request body is too large"/);
    },
  );

  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['a length that is none', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n', 400],
    ['a body that is cut short', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n[', 400],
    ['a head without end', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}`, 431],
  ])('answers %s in the words of the service too', async (_, sent, status) => {
    const { url } = await start({
      routes: (app) => {
        takeRawBodies(app);
        app.post('/', () => ({}));
      },
    });
    const client = connect(Number(new URL(url).port));
    client.end(sent);
    const [head = '', body = ''] = (await text(client)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(body)).toMatchObject({ code: status, msg: expect.any(String) as unknown });
  });

  it('is not alive when its work does not go on, and says so', async () => {
    let ok = true;
    const { url } = await start({ alive: () => ({ ok, sentence: 'Some sentence.' }) });
    const livez = async () => {
      const answer = await fetch(`${url}/livez`);
      return { status: answer.status, body: await answer.json() };
    };
    expect(await livez()).toEqual({ status: 200, body: { alive: true, sentence: 'Some sentence.' } });
    ok = false;
    expect(await livez()).toEqual({ status: 503, body: { alive: false, sentence: 'Some sentence.' } });
  });

  it('finishes the requests in flight when it is stopped, also on connections that are kept alive', async () => {
    const { routes, entered, letGo } = held();
    const service = await start({ routes });
    const agent = keepAlive();
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      request(`${service.url}/held`, { agent }, (response) => {
        response.resume().once('end', () => resolve(response));
      })
        .once('error', reject)
        .end();
    });
    await entered;
    let stopped = false;
    const stopping = service.stop(3_600_000).then(() => (stopped = true));
    await expect(fetch(`${service.url}/livez`)).rejects.toThrow();
    expect(stopped).toBe(false);
    letGo();
    // And no more are sent on its connection.
    expect(await answer).toMatchObject({ statusCode: 200, headers: { connection: 'close' } });
    await stopping;
  });

  it('gives up requests that are not finished within its grace', async () => {
    const { routes, entered } = held();
    const service = await start({ routes });
    const answer = fetch(`${service.url}/held`);
    const failed = expect(answer).rejects.toThrow();
    await entered;
    await service.stop(10);
    await failed;
  });
});

describe('HOST:PORT', () => {
  it.each([
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:65535', { host: '::1', port: 65_535 }],
  ])('%s is one', (text, address) => {
    expect(hostPort.parse(text)).toEqual(address);
  });

  it.each(['', '8080', ':8080', '127.0.0.1', '127.0.0.1:65536', 'http://127.0.0.1:80', 'a b:1'])(
    '"%s" is none',
    (text) => {
      expect(hostPort.safeParse(text).error?.issues[0]?.message).toBe(
        'must be HOST:PORT, such as 127.0.0.1:8080',
      );
    },
  );
});
