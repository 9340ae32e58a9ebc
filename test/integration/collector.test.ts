import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import type { HttpService } from '../../runtime/http/service.ts';
import { eventIdText, parseReport } from '../../schemas/index.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { invalidExamples, validExamples } from '../unit/schemas/example-files.ts';
import {
  APP,
  brokerOf,
  collectorOn,
  createTopics,
  eventsOn,
  idOf,
  lettersOn,
  metric,
  post,
  queryOf,
  report,
  withCredentials,
} from './collector-service.ts';

let stack: TestStack;
let collectors: HttpService[] = [];

beforeAll(async () => {
  stack = await startTestStack();
  await createTopics(stack.brokers);
}, 120_000);

afterEach(async () => {
  await Promise.all(collectors.map((collector) => collector.stop(0)));
  collectors = [];
});

afterAll(() => stack.stop(), 60_000);

async function start(settings: Readonly<Record<string, string>> = {}): Promise<string> {
  const collector = await collectorOn(stack.brokers, settings);
  collectors.push(collector);
  return collector.url;
}

const open = (url: string) => `${url}/api/report?token=bi1`;
const CREDENTIALS = {
  [APP]: { app_id: 'bi1', app_secret: 'xyz' },
  wx2: { app_id: 'bi2', app_secret: 'abc' },
};

/** Neither of another type, nor without its envelope. */
const isOfOurs = (one: unknown): boolean =>
  typeof one !== 'object' ||
  one === null ||
  !('type' in one ? one.type !== 'coupon_order' : !('props' in one));

/** What lies in Kafka now beside what lay there before. */
async function published<T>(work: () => Promise<T>) {
  const before = [await eventsOn(stack.brokers), await lettersOn(stack.brokers)] as const;
  const result = await work();
  const [events, letters] = [await eventsOn(stack.brokers), await lettersOn(stack.brokers)];
  const known = new Set(before[0].map(idOf));
  return {
    result,
    events: events.filter((event) => !known.has(idOf(event))),
    letters: letters.slice(before[1].length),
  };
}

describe('the open endpoint', () => {
  it('takes every valid example, keeps every invalid one with all its rules, and ignores other types', async () => {
    const url = await start();
    const bodies = validExamples()
      .map(([, body]) => body)
      .filter((body) => 'type' in body);
    const invalid = invalidExamples()
      .map(([, example]) => example)
      .filter(({ report: one }) => isOfOurs(one));
    const others = [{ type: 'app_show', props: {} }, { type: 'sdk_error_log' }];
    const { result, events, letters } = await published(async () => [
      await post(open(url), [...bodies, ...others, ...invalid.map((one) => one.report)]),
      await post(open(url), bodies[0]),
    ]);

    for (const { status, body } of result) expect([status, body]).toEqual([200, { code: 0, msg: 'ok' }]);
    const expected = bodies.map((body) => {
      const parsed = parseReport(body);
      return parsed.ok ? eventIdText(parsed.event.event_id) : '';
    });
    expect(new Set(events.map(idOf))).toEqual(new Set(expected));
    expect(letters.map(({ group, reason }) => [group, reason])).toEqual(
      invalid.map(() => ['collector', 'invalid']),
    );
    expect(letters.map(({ value }) => JSON.parse(String(value)) as unknown)).toEqual(
      invalid.map((one) => one.report),
    );
    for (const [at, { violations }] of invalid.entries()) {
      const rules = JSON.parse(letters[at]?.detail ?? '') as object[];
      expect(rules).toEqual(expect.arrayContaining(violations.map((one) => expect.objectContaining(one))));
    }
    const count = (outcome: string) =>
      metric(url, `kaquan_collector_events_total{endpoint="report",outcome="${outcome}"}`);
    expect(await count('accepted')).toBe(bodies.length + 1);
    expect(await count('dead_lettered')).toBe(invalid.length);
    expect(await count('ignored')).toBe(2);
  });

  it('asks for the envelope, which a program that publishes by itself need not write', async () => {
    const url = await start();
    const { events, letters } = await published(() => post(open(url), report('bare').props));
    expect(events).toEqual([]);
    expect(letters[0]?.detail).toContain('"rule":"R1"');
  });

  it.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'nonsense'])(
    'reads JSON that calls itself %s',
    async (type) => {
      const url = await start();
      const { events } = await published(() =>
        post(open(url), report(`as ${type}`), { 'content-type': type }),
      );
      expect(events).toHaveLength(1);
    },
  );

  it('keeps one bounded dead letter of a body that it can not read, and answers 0', async () => {
    const url = await start();
    const base64 = Buffer.from('order').toString('base64');
    const encrypted = { 'content-type': 'application/x-sr-encrypted', 'content-encrypting-key': 'k-1' };
    const { result, events, letters } = await published(async () => [
      await post(open(url), `[${JSON.stringify(report('cut'))}`),
      await post(open(url), base64, encrypted),
      await post(open(url), 'x'.repeat(1_000_000)),
      await post(open(url), ''),
      await post(open(url), Buffer.from([0xff, 0xfe, 0])),
    ]);
    expect(result.map(({ status, body }) => [status, body.code])).toEqual(result.map(() => [200, 0]));
    expect(events).toEqual([]);
    expect(letters.map(({ reason }) => reason)).toEqual([
      'no_json',
      'encrypted',
      'no_json',
      'no_json',
      'no_json',
    ]);
    expect(letters[1]?.value?.toString()).toBe(base64);
    expect(letters[1]?.headers).toMatchObject({ http_content_encrypting_key: Buffer.from('k-1') });
    expect(letters[2]?.value).toHaveLength(262_144);
    expect(letters[2]?.detail).toBe('the first 262144 of 1000000 bytes');
    expect(letters[4]?.value).toEqual(Buffer.from([0xff, 0xfe, 0]));
  });

  it('keeps no more unreadable bodies a second than it may, and tells the others to try again', async () => {
    const url = await start({ COLLECTOR_UNREADABLE_RATE: '2' });
    const { result, letters } = await published(() =>
      Promise.all(Array.from({ length: 40 }, () => post(open(url), '{'))),
    );
    const limited = result.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThan(30);
    expect(letters).toHaveLength(40 - limited.length);
    for (const { headers, body } of limited) {
      expect(body).toEqual({ code: 429, msg: expect.any(String) });
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
  });

  it('survives what is nested deeper than anything can be written', async () => {
    const url = await start();
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const { result, letters } = await published(() => post(open(url), `[${deep}]`));
    expect(result.body.code).toBe(0);
    expect(letters[0]?.value).toHaveLength(262_144);
  });

  it('takes both forms of the query, and says which check failed', async () => {
    const url = await start();
    const now = Math.floor(Date.now() / 1000);
    const path = `${url}/api/report`;
    expect((await post(`${path}?${queryOf('anything')}`, [])).body).toEqual({ code: 0, msg: 'ok' });
    for (const [query, failed] of [
      ['', 'app_id'],
      ['token=', 'token'],
      [`app_id=bi1&nonce=n`, 'timestamp'],
      [`app_id=bi1&nonce=n&timestamp=${now}000`, 'timestamp'],
      [`app_id=bi1&nonce=n&timestamp=${now - 400}`, 'timestamp is too far from now'],
      [`app_id=bi1&timestamp=${now}`, 'nonce'],
      [`app_id=bi1&timestamp=${now}&nonce=${'n'.repeat(33)}`, 'nonce'],
    ] as const) {
      const { status, body } = await post(`${path}?${query}`, report('refused'));
      expect([status, body.code]).toEqual([401, 401]);
      expect(body.msg).toContain(failed);
    }
  });

  it('with credentials, takes only the apps that they name, each for itself', async () => {
    await withCredentials(CREDENTIALS, async (path) => {
      const url = await start({ COLLECTOR_CREDENTIALS: path });
      expect((await post(`${url}/api/report?token=bi3`, [])).status).toBe(401);
      const { result, events, letters } = await published(() =>
        post(open(url), [report('own'), report('foreign', {}, 'wx2'), report('unknown', {}, 'wx3')]),
      );
      expect(result.body.code).toBe(0);
      expect(events.map(({ coupon }) => coupon.order_id)).toEqual(['own']);
      expect(letters.map(({ detail }) => (JSON.parse(detail ?? '') as { rule: string }[])[0]?.rule)).toEqual([
        'app_id',
        'app_id',
      ]);
    });
  });

  it('lets any web page report', async () => {
    const url = await start();
    const asked = await fetch(`${url}/api/report?token=t`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://shop.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe('*');
    expect(asked.headers.get('access-control-allow-methods')).toContain('POST');
    expect(asked.headers.get('access-control-allow-headers')).toContain('content-type');
    const { headers } = await post(open(url), [], { origin: 'https://shop.example' });
    expect(headers.get('access-control-allow-origin')).toBe('*');
    const refused = await post(`${url}/api/report`, [], { origin: 'https://shop.example' });
    expect(refused.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('keeps its limits', async () => {
    const url = await start({ COLLECTOR_BODY_BYTES: '10000', COLLECTOR_ARRAY_MAX: '3', COLLECTOR_RATE: '5' });
    const { result, events, letters } = await published(async () => [
      await post(open(url), ' '.repeat(10_001)),
      await post(open(url), [1, 2, 3, 4]),
      await post(open(url), [report('of 3'), report('of 3'), report('of 3')]),
    ]);
    expect(result.map(({ status, body }) => [status, body.code])).toEqual([
      [413, 413],
      [413, 413],
      [200, 0],
    ]);
    expect(events).toHaveLength(3);
    expect(letters).toEqual([]);
    const many = await Promise.all(Array.from({ length: 30 }, () => post(open(url), [])));
    const limited = many.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThan(10);
    expect(limited[0]?.body).toEqual({ code: 429, msg: 'more than 5 requests in a second' });
    expect(limited[0]?.headers.get('retry-after')).toBe('1');
  });
});

describe('the signed endpoint', () => {
  const signed = (url: string, query: string) => `${url}/api/v1/safe-report?${query}`;

  it('takes signed requests, and refuses a whole one for one invalid event, with a list of what is wrong', async () => {
    await withCredentials(CREDENTIALS, async (path) => {
      const url = await start({ COLLECTOR_CREDENTIALS: path });
      const { result, events, letters } = await published(async () => [
        await post(signed(url, queryOf('bi1', 'xyz')), report('signed')),
        await post(signed(url, queryOf('bi1', 'xyz')), [
          report('beside an invalid one'),
          { type: 'app_show' },
          report('', { order_time: 1700000000 }),
          report('foreign', {}, 'wx2'),
        ]),
        await post(signed(url, queryOf('bi1', 'xyz')), '{'),
      ]);
      expect(result.map(({ status, body }) => [status, body.code])).toEqual([
        [200, 0],
        [400, 400],
        [400, 400],
      ]);
      expect(result[1]?.body).toEqual({
        code: 400,
        msg: expect.stringMatching(/^event 2: props\.coupon\.order_id must be present/),
        violations: [
          { index: 2, path: 'props.coupon.order_id', rule: 'R3' },
          { index: 2, path: 'props.coupon.order_time', rule: 'R5' },
          { index: 3, path: 'props.wx_user.app_id', rule: 'app_id' },
        ],
      });
      expect(result[2]?.body).toEqual({ code: 400, msg: 'the body is no JSON in UTF-8' });
      expect(events.map(({ coupon }) => coupon.order_id)).toEqual(['signed']);
      expect(letters).toEqual([]);
    });
  });

  it('says which check failed, and never what would have passed it', async () => {
    await withCredentials(CREDENTIALS, async (path) => {
      const url = await start({ COLLECTOR_CREDENTIALS: path });
      const right = queryOf('bi1', 'xyz');
      const expected = new URLSearchParams(right).get('signature') ?? '';
      const old = { timestamp: Math.floor(Date.now() / 1000) - 301 };
      for (const [query, failed] of [
        [queryOf('bi3', 'xyz'), 'app_id'],
        [queryOf('bi1', 'abc'), 'signature'],
        [queryOf('bi2', 'xyz'), 'signature'],
        [right.replace(expected, expected.toUpperCase()), 'signature'],
        [right.replace(/nonce=./, 'nonce=_'), 'signature'],
        [right.replace('sign=sha256', 'sign=md5'), 'sign'],
        [queryOf('bi1'), 'sign'],
        [queryOf('bi1', 'xyz', old), 'timestamp is too far from now'],
        ['token=bi1', 'app_id'],
      ] as const) {
        const { status, body } = await post(signed(url, query), report('refused'));
        expect([failed, status, Object.keys(body)]).toEqual([failed, 401, ['code', 'msg']]);
        expect(body.msg).toContain(failed);
        expect(JSON.stringify(body)).not.toContain(expected);
      }
      expect((await post(signed(url, right), report('with the right one'))).status).toBe(200);
    });
  });

  it('is closed without credentials', async () => {
    const url = await start();
    expect((await post(signed(url, queryOf('bi1', 'xyz')), [])).status).toBe(401);
  });

  it('takes a nonce again, as public clients send it, unless it is told not to', async () => {
    await withCredentials(CREDENTIALS, async (path) => {
      const settings = { COLLECTOR_CREDENTIALS: path };
      const lenient = await start(settings);
      const strict = await start({ ...settings, COLLECTOR_NONCE_CHECK: 'yes' });
      const query = queryOf('bi1', 'xyz');
      for (const expected of [200, 200])
        expect((await post(signed(lenient, query), report('nonce'))).status).toBe(expected);
      expect((await post(signed(strict, query), report('nonce'))).status).toBe(200);
      const again = await post(signed(strict, query), report('nonce'));
      expect([again.status, again.body.msg]).toEqual([401, 'nonce was taken before']);
    });
  });
});

describe('the collector', () => {
  it('is alive and ready, measures, and describes itself', async () => {
    const url = await start();
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { ready: true, checks: [{ name: 'kafka', ok: true, sentence: expect.any(String) }] },
    ]);
    expect(await (await fetch(`${url}/openapi.json`)).json()).toMatchObject({
      openapi: '3.1.0',
      paths: { '/api/report': { post: {} }, '/api/v1/safe-report': { post: {} } },
    });
    expect((await fetch(`${url}/metrics`)).headers.get('content-type')).toContain('text/plain');
    expect((await fetch(`${url}/api/report?token=t`)).status).toBe(404);
  });

  it('takes what the README sends with curl', async () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const [, script = ''] = /```sh\n(now=.*?)```/s.exec(readme) ?? [];
    const url = await start();
    const { result, events } = await published(async () => {
      const local = script.replace('http://127.0.0.1:8080', url).replace('curl', 'curl -s');
      return (await promisify(execFile)('bash', ['-c', local])).stdout;
    });
    expect(result).toBe('{"code":0,"msg":"ok"}');
    expect(events.map(({ coupon }) => coupon.order_id)).toEqual(['K1']);
  });

  it('refuses to start on a topic that is not the recorded one, and on a port that is taken', async () => {
    await expect(start({ KAFKA_PARTITIONS: '3' })).rejects.toThrow('3 are recorded (KAFKA_PARTITIONS)');
    const port = new URL(await start()).port;
    await expect(start({ COLLECTOR_LISTEN: `127.0.0.1:${port}` })).rejects.toThrow(
      `127.0.0.1:${port} (COLLECTOR_LISTEN) is taken by another process`,
    );
  });

  it('finishes the requests in flight when it is stopped', async () => {
    const url = await start({ PRODUCE_LINGER_MS: '300' });
    const { result, events } = await published(async () => {
      const answers = Promise.all(
        Array.from({ length: 20 }, (_, at) => post(open(url), report(`in flight ${at}`))),
      );
      while ((await metric(url, 'kaquan_collector_held_bytes')) < 20 * 4096) await new Promise(setImmediate);
      await collectors[0]?.stop(10_000);
      return answers;
    });
    expect(result.every(({ body }) => body.code === 0)).toBe(true);
    expect(new Set(events.map(({ coupon }) => coupon.order_id)).size).toBe(20);
  });

  it('is stopped in time also while Kafka is away, however long requests may wait for it', async () => {
    const url = await start({ COLLECTOR_TIMEOUT_MS: '60000' });
    expect((await post(open(url), report('stopped 1'))).body.code).toBe(0);
    const broker = brokerOf(stack);
    process.kill(broker, 'SIGSTOP');
    try {
      const answer = post(open(url), report('stopped 2')).catch(() => 'cut off');
      while ((await metric(url, 'kaquan_collector_held_bytes')) === 0)
        await new Promise((resolve) => setTimeout(resolve, 5));
      const began = performance.now();
      await collectors.pop()?.stop(100);
      expect(performance.now() - began).toBeLessThan(10_000);
      expect(await answer).toBe('cut off');
    } finally {
      process.kill(broker, 'SIGCONT');
    }
  });

  it('answers 503 within its time while Kafka is away, holds no more than it may, and loses and doubles nothing', async () => {
    const budget = 1_000_000;
    const url = await start({
      COLLECTOR_TIMEOUT_MS: '1000',
      COLLECTOR_MEMORY_BYTES: String(budget),
      COLLECTOR_RATE: '0',
    });
    const broker = brokerOf(stack);
    const batch = (at: number) => Array.from({ length: 10 }, (_, one) => report(`outage ${at}-${one}`));
    const send = () =>
      Promise.all(
        Array.from({ length: 200 }, (_, at) =>
          post(open(url), [...batch(at), { type: 'x', pad: 'x'.repeat(20_000) }]),
        ),
      );
    const { result, events } = await published(async () => {
      process.kill(broker, 'SIGSTOP');
      const away = send();
      const over = new AbortController();
      void away.finally(() => over.abort());
      try {
        while (!over.signal.aborted) {
          expect(await metric(url, 'kaquan_collector_held_bytes')).toBeLessThanOrEqual(budget);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        expect((await fetch(`${url}/readyz`)).status).toBe(503);
        expect((await fetch(`${url}/livez`)).status).toBe(200);
      } finally {
        process.kill(broker, 'SIGCONT');
      }
      while ((await fetch(`${url}/readyz`)).status !== 200)
        await new Promise((resolve) => setTimeout(resolve, 100));
      return away;
    });

    for (const { status, body, headers } of result) {
      expect([status, body.code]).toEqual([503, 503]);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(await metric(url, 'kaquan_collector_held_bytes')).toBeLessThan(10_000);
    // What came through after all came through whole.
    const through = new Map<string, number>();
    for (const { coupon } of events) {
      const [request = ''] = coupon.order_id.split('-');
      through.set(request, (through.get(request) ?? 0) + 1);
    }
    expect([...through.values()].every((count) => count === 10)).toBe(true);
    // As the client does: all of it again, until each is taken.
    const before = new Set(events.map(idOf));
    for (let at = 0; at < 200; at += 1) expect((await post(open(url), batch(at))).body.code).toBe(0);
    const all = (await eventsOn(stack.brokers)).filter(({ coupon }) => coupon.order_id.startsWith('outage'));
    expect(new Set(all.map(idOf)).size).toBe(2000);
    expect([...before].every((id) => all.some((event) => idOf(event) === id))).toBe(true);
  }, 60_000);
});
