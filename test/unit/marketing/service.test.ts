import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { Registry } from 'prom-client';

import { NOBODY } from '../../../domain/coupon/buyer.ts';
import { NO_OFFERS, type Catalogue } from '../../../domain/coupon/catalogue.ts';
import type { HttpService } from '../../../runtime/http/service.ts';
import { createMetrics } from '../../../runtime/metrics/metrics.ts';
import { parseSettings } from '../../../runtime/process/settings.ts';
import type { Known } from '../../../services/marketing/check-out.ts';
import { marketingSettings } from '../../../services/marketing/config.ts';
import { marketingMetrics } from '../../../services/marketing/metrics.ts';
import { marketingService, type Sources } from '../../../services/marketing/service.ts';
import { brokenRules } from '../../oracle/marketing/answer-rules.ts';
import { printedRequest } from './document.ts';
import { NOW } from './signed.ts';

const BATCH = {
  id: 'b1',
  name: '立减 2.70 元',
  rule: '规则',
  type: 1,
  detailUrl: '',
  dimension: 'goods',
  goodsIds: new Set<string>(),
  thresholdAmount: 0,
  discountAmount: 270,
  startTime: NOW - 1000,
  endTime: NOW + 1000,
} as const;

const CATALOGUE: Catalogue = { ...NO_OFFERS, batches: new Map([['b1', BATCH]]) };

const holding = (couponId: string, couponBatchId: string) => ({ couponId, couponBatchId, receiveTime: NOW });

const KNOWN: Known = {
  buyer: { ...NOBODY, holdings: [holding('c1', 'b1'), holding('c2', 'gone')] },
  catalogue: CATALOGUE,
};

interface Running {
  readonly service: HttpService;
  readonly log: () => string;
  readonly ask: (
    body?: string | Buffer,
    headers?: Record<string, string>,
    path?: string,
  ) => Promise<Response>;
  /** What a metric says, such as `kaquan_marketing_answers_total{outcome="late"}`. */
  readonly count: (sample: string) => Promise<number>;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kaquan-marketing-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

let running: HttpService | undefined;
afterEach(() => running?.stop(0));

async function serve(env: Record<string, string> = {}, sources: Partial<Sources> = {}): Promise<Running> {
  const registry = new Registry();
  let log = '';
  const settings = { MARKETING_LISTEN: '127.0.0.1:0', MARKETING_SIGNATURE: 'none', ...env };
  const start = marketingService({
    config: parseSettings(marketingSettings, settings),
    logger: pino({ level: 'debug' }, { write: (line: string) => (log += line) }),
    registry,
    metrics: createMetrics(registry, marketingMetrics),
    now: () => NOW,
  });
  const service = await start({
    lookUp: () => Promise.resolve(KNOWN),
    age: () => 1250,
    redeem: () => Promise.reject(new Error('not asked for')),
    checks: {},
    ...sources,
  });
  running = service;
  const printed = printedRequest();
  return {
    service,
    log: () => log,
    ask: (body = printed.body, headers = printed.headers, path = printed.path) =>
      fetch(`${service.url}${path}`, { method: 'POST', headers, body }),
    async count(sample) {
      const line = (await registry.metrics()).split('\n').find((one) => one.startsWith(`${sample} `));
      return Number(line?.split(' ')[1] ?? 0);
    },
  };
}

const ASKED = { goodsIds: ['7112741589566392364'] };

describe('a request as the document prints it', () => {
  it('is answered so that the platform takes it', async () => {
    const { ask, log, count } = await serve();
    const response = await ask();
    expect(response.status).toBe(200);
    expect(response.headers.get('kaquan-holdings-age')).toBe('1.250');
    const answer = await response.json();
    expect(brokenRules(answer, { ...ASKED, couponIds: ['c1'] })).toEqual([]);
    expect(answer).toMatchObject({
      data: {
        goods_valid_marketing_info: {
          default_marketing_info: [{ valid_marketing_info: { coupon_ids: ['c1'] } }],
        },
      },
    });
    expect(await count('kaquan_marketing_answers_total{outcome="offered"}')).toBe(1);
    expect(await count('kaquan_marketing_unknown_batch_coupons_total')).toBe(1);
    expect(log()).toMatch(/"coupons":1,"usable":1/);
    expect(log()).toContain('"coupon_batch_id":"gone"');
  });

  it('leaves no trace of the buyer in the log', async () => {
    const { ask, log } = await serve();
    await ask();
    await ask(
      '{"version":"2.0","type":"query_marketing_info","msg":"{\\"open_id\\":\\"123rq0gjhdfoqierug\\"}"}',
    );
    expect(log()).not.toContain('123rq0gjhdfoqierug');
    expect(log().split('\n').length).toBeGreaterThan(3);
  });

  it('says at the start that nobody is verified', async () => {
    expect((await serve()).log()).toContain('anybody is answered');
  });
});

describe('no marketing', () => {
  const never = new Promise<Known>(() => undefined);
  const away = (): Promise<Known> => Promise.reject(new Error('ClickHouse is away'));

  it.each<[string, Record<string, string>, Partial<Sources>]>([
    ['late', { MARKETING_BUDGET_MS: '1' }, { lookUp: () => never }],
    ['stale', { MARKETING_STALE_SECONDS: '60' }, { age: () => 60_001 }],
    ['stale', {}, { age: () => Number.POSITIVE_INFINITY }],
    ['unavailable', {}, { lookUp: away }],
  ])('is answered, and counted, when the holdings are %s', async (outcome, env, sources) => {
    const { ask, count, log } = await serve(env, sources);
    const response = await ask();
    expect(response.status).toBe(200);
    const answer = (await response.json()) as Record<string, unknown>;
    expect(brokenRules(answer, { ...ASKED, couponIds: [] })).toEqual([]);
    const bundle = { activity_ids: [], coupon_ids: [], membership_ids: [], score_info: [] };
    const goods = [{ goods_id: '7112741589566392364', valid_marketing_info: bundle }];
    expect(answer).toEqual({
      err_no: 0,
      err_tips: 'success',
      data: {
        goods_valid_marketing_info: { default_marketing_info: goods, valid_marketing_info: goods },
        order_valid_marketing_info: { default_marketing_info: bundle, valid_marketing_info: bundle },
        score_info: [],
        activity_info: [],
        membership_info: [],
        coupon_info: [],
      },
    });
    expect(await count(`kaquan_marketing_answers_total{outcome="${outcome}"}`)).toBe(1);
    expect(log()).toContain('"msg":"no marketing"');
  });

  it('is not answered while holdings are just within the bound', async () => {
    const { ask, count } = await serve({ MARKETING_STALE_SECONDS: '60' }, { age: () => 60_000 });
    await ask();
    expect(await count('kaquan_marketing_answers_total{outcome="offered"}')).toBe(1);
  });

  it('says that it does not know how fresh they are', async () => {
    const { ask } = await serve({}, { age: () => Number.POSITIVE_INFINITY });
    expect((await ask()).headers.get('kaquan-holdings-age')).toBe('unknown');
  });
});

describe('a refusal', () => {
  it('has HTTP status 200, its number, and what is wrong', async () => {
    const { ask, count } = await serve();
    const response = await ask('{"version":"1.0","type":"query_marketing_info","msg":"{}"}');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      err_no: 400,
      err_tips: 'bad request: version must be the string 2.0 (string(3))',
    });
    expect(await count('kaquan_marketing_refusals_total{kind="bad_request"}')).toBe(1);
  });

  it('has the status of its kind where that is set', async () => {
    const { ask } = await serve({ MARKETING_REFUSAL_STATUS: 'kind' });
    expect((await ask('{')).status).toBe(400);
  });

  it.each([
    ['too long', 'x'.repeat(300_000), /body is too large/],
    ['empty', '', /must be JSON/],
  ])('is of a body that is %s, too, and told, counted and logged as any other', async (_, body, why) => {
    const { ask, count, log } = await serve();
    const response = await ask(body, { ...printedRequest().headers, 'byte-logid': 'log-1' });
    expect(response.status).toBe(200);
    expect(response.headers.get('kaquan-holdings-age')).toBe('1.250');
    expect(await response.json()).toMatchObject({ err_no: 400, err_tips: expect.stringMatching(why) });
    expect(await count('kaquan_marketing_refusals_total{kind="bad_request"}')).toBe(1);
    const lines = log().trimEnd().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      msg: 'refused',
      refusal: 'bad_request',
      reason: expect.stringMatching(why),
      log_id: 'log-1',
      age_ms: 1250,
    });
  });

  it('names the first ten of many mistakes, and how many more there are', async () => {
    const { ask, log } = await serve();
    const msg = JSON.stringify({ open_id: 'o', app_id: 'tt', goods_info: Array(1000).fill({}) });
    const answer = await (
      await ask(JSON.stringify({ version: '2.0', type: 'query_marketing_info', msg }))
    ).json();
    expect(answer).toMatchObject({
      err_tips: expect.stringMatching(/goods_info\[3\]\.goods_id .*; and 2990 more$/),
    });
    expect(JSON.stringify(answer).length).toBeLessThan(2000);
    expect(log().length).toBeLessThan(3000);
  });

  it('is of an accident, which the log tells once more', async () => {
    let asked = 0;
    const age = (): number => {
      asked += 1;
      if (asked === 1) throw new Error('a bug');
      return 1250;
    };
    const { ask, count, log } = await serve({}, { age });
    const response = await ask();
    expect(response.headers.get('kaquan-holdings-age')).toBe('1.250');
    expect(await response.json()).toMatchObject({ err_no: 500 });
    expect(await count('kaquan_marketing_refusals_total{kind="internal"}')).toBe(1);
    expect(log()).toContain('"reason":"a bug"');
    expect(log()).toContain('"refusal":"internal"');
  });

  it('is no matter of the content type', async () => {
    const { ask } = await serve();
    const response = await ask(printedRequest().body, { 'content-type': 'text/plain; charset=gbk' });
    expect(await response.json()).toMatchObject({ err_no: 0 });
  });

  it('has status 404 for what is not there', async () => {
    const { ask } = await serve();
    expect((await ask('{}', {}, '/another')).status).toBe(404);
    expect((await ask('{}', {}, '/redemptions')).status).toBe(404);
  });
});

describe('the table of refusals', () => {
  it('can be replaced, kind by kind', async () => {
    const table = { bad_request: { err_no: 28001003, err_tips: 'wrong parameters', status: 422 } };
    const env = {
      MARKETING_REFUSALS_FILE: file('refusals.json', JSON.stringify(table)),
      MARKETING_REFUSAL_STATUS: 'kind',
    };
    const response = await (await serve(env)).ask('{');
    expect(response.status).toBe(422);
    expect(await response.json()).toEqual({
      err_no: 28001003,
      err_tips: 'wrong parameters: the body must be JSON in UTF-8 (other text)',
    });
  });

  it.each([
    ['no file', () => join(folder, 'absent'), /can't be read/],
    ['no JSON', () => file('broken.json', '{'), /can't be read as JSON/],
    ['no object', () => file('list.json', '[]'), /the file must be an object of bad_request, unsigned/],
    [
      'an unknown kind',
      () => file('kind.json', '{"odd":{}}'),
      /the file must not have odd: its members are bad_request/,
    ],
    [
      'a refusal that says success',
      () => file('zero.json', '{"forged":{"err_no":0}}'),
      /forged\.err_no must not be 0, which means success/,
    ],
    [
      'every mistake',
      () => file('all.json', '{"forged":{"err_no":"1","err_tips":"","errno":1},"expired":[]}'),
      /forged\.err_no must be a whole number; forged\.err_tips must not be empty; forged must not have errno: .*; expired must be an object of err_no/,
    ],
    [
      'a status whose answer would have no body',
      () => file('status.json', '{"forged":{"status":204}}'),
      /forged\.status must be an HTTP status from 200 to 599 whose answer has a body: not 204, 205, 304/,
    ],
  ])('is checked at the start: %s', async (_, name, sentence) => {
    await expect(serve({ MARKETING_REFUSALS_FILE: name() })).rejects.toThrow(sentence);
  });
});

describe('POST /redemptions', () => {
  const AUTHORIZED = { authorization: 'Bearer secret-token' };
  const recorded: unknown[] = [];
  const redeem: Sources['redeem'] = (ids, redeemed) => {
    recorded.push([ids, redeemed]);
    return Promise.resolve(ids.slice(0, 1));
  };
  const serveRedemptions = (sources: Partial<Sources> = { redeem }) =>
    serve({ MARKETING_ADMIN_TOKEN_FILE: file('token', 'secret-token\n') }, sources);
  const post = async (
    body: string,
    headers: Record<string, string> = AUTHORIZED,
    sources?: Partial<Sources>,
  ) => (await serveRedemptions(sources)).ask(body, headers, '/redemptions');

  it('records that coupons are used up, and says which were not before', async () => {
    recorded.length = 0;
    const response = await post('{"coupon_ids":["c1","c2"]}');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ changed: ['c1'] });
    expect(recorded).toEqual([[['c1', 'c2'], true]]);
  });

  it('takes it back', async () => {
    recorded.length = 0;
    await post('{"coupon_ids":["c1"],"redeemed":false}');
    expect(recorded).toEqual([[['c1'], false]]);
  });

  it('takes the name of the scheme in any case', async () => {
    expect((await post('{"coupon_ids":["c1"]}', { authorization: 'bearer secret-token' })).status).toBe(200);
  });

  it.each<[string, Record<string, string>]>([
    ['no token', {}],
    ['another token', { authorization: 'Bearer secret-tokem' }],
    ['another scheme', { authorization: 'Basic secret-token' }],
  ])('is refused with %s', async (_, headers) => {
    recorded.length = 0;
    const response = await post('{"coupon_ids":["c1"]}', headers);
    expect(response.status).toBe(401);
    expect(recorded).toEqual([]);
  });

  it.each([
    ['{', 'the body must be a JSON object (absent)'],
    [
      '{"coupon_ids":["c1"],"take_back":true}',
      'the body must have coupon_ids and redeemed, and nothing else (object)',
    ],
    ['{}', 'coupon_ids must name at least one coupon (absent)'],
    ['{"coupon_ids":[]}', 'coupon_ids must name at least one coupon (array(0))'],
    ['{"coupon_ids":["c",""]}', 'coupon_ids[1] must be present and not empty (string(0))'],
    ['{"coupon_ids":[7]}', 'coupon_ids[0] must be a string (number)'],
    ['{"coupon_ids":["c"],"redeemed":1}', 'redeemed must be true or false (number)'],
  ])('is refused for %s', async (body, problem) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: problem });
  });

  it('says by its status that it could not store, or would not read', async () => {
    const away = { redeem: () => Promise.reject(new Error('ClickHouse is away')) };
    const { ask, log } = await serveRedemptions(away);
    expect((await ask('{"coupon_ids":["c1"]}', AUTHORIZED, '/redemptions')).status).toBe(503);
    expect(log()).toContain('"error":"ClickHouse is away","msg":"a redemption was not stored');
    await running?.stop(0);
    expect((await post('x'.repeat(300_000))).status).toBe(413);
  });

  it('lets a client that sends far too much before it reads know why it is refused', async () => {
    const { service } = await serveRedemptions();
    const sent = connect(Number(new URL(service.url).port)).pause();
    const head = `POST /redemptions HTTP/1.1\r\nHost: x\r\nAuthorization: ${AUTHORIZED.authorization}\r\n`;
    sent.write(`${head}Content-Length: 20000000\r\n\r\n`);
    const half = Buffer.alloc(10_000_000, 'x');
    for (const part of [half, half])
      await new Promise((resolve, reject) => sent.once('error', reject).write(part, resolve));
    expect(await text(sent)).toMatch(/^HTTP\/1\.1 413 [^]*"error":"Request body is too large"/);
  });

  it('is counted and logged, as any request, when it is refused', async () => {
    const away = { redeem: () => Promise.reject(new Error('ClickHouse is away')) };
    const { ask, log, count } = await serveRedemptions(away);
    await ask('{"coupon_ids":["c1"]}', { authorization: 'Bearer secret-tokem' }, '/redemptions');
    for (const body of ['{}', 'x'.repeat(300_000), '{"coupon_ids":["c1"]}'])
      await ask(body, AUTHORIZED, '/redemptions');
    const counted = (kind: string) => count(`kaquan_marketing_refusals_total{kind="${kind}"}`);
    expect(await counted('unauthorized')).toBe(1);
    expect(await counted('bad_request')).toBe(2);
    expect(await counted('not_stored')).toBe(1);
    const lines = log().trimEnd().split('\n').slice(-4);
    expect(lines.map((line) => (JSON.parse(line) as { refusal: string }).refusal)).toEqual([
      'unauthorized',
      'bad_request',
      'bad_request',
      'not_stored',
    ]);
    expect(log()).not.toContain('secret');
  });
});

describe('MARKETING_PATH', () => {
  it.each(['/redemptions', '/livez', '/readyz', '/metrics', '//', 'api'])('can not be %s', (path) => {
    expect(() => parseSettings(marketingSettings, { MARKETING_PATH: path })).toThrow(/^MARKETING_PATH: must/);
  });
});
