import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';

import { createReportClient, type ReportClient } from '../../../consumers/report/client.ts';
import {
  createDeliveries,
  NoAppAllowedError,
  type Deliveries,
  type Sent,
} from '../../../consumers/report/delivery.ts';
import type { Outgoing } from '../../../consumers/report/judge.ts';
import { createPace, type Pace } from '../../../consumers/report/pace.ts';
import { DEFAULT_FORM, reportBody } from '../../../domain/report/body.ts';
import type { HttpService } from '../../../runtime/http/service.ts';
import { parseSettings } from '../../../runtime/process/settings.ts';
import { Waits } from '../../../runtime/process/waits.ts';
import { eventIdText } from '../../../schemas/index.ts';
import { readCredentials, type ReportMode } from '../../../schemas/report_api/index.ts';
import { receiverSettings } from '../../../services/report-receiver/config.ts';
import { startReceiver } from '../../../services/report-receiver/main.ts';
import { mischief, faultsSchema } from '../../../services/report-receiver/faults.ts';
import type { Receipt } from '../../../services/report-receiver/receipt-log.ts';
import { eventOf } from '../../arbitrary/event.ts';

const logger = pino({ level: 'silent' });

let folder: string;
let receiver: HttpService;
let client: ReportClient | undefined;
let apps: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kaquan-deliveries-'));
  apps = join(folder, 'apps.json');
  writeFileSync(
    apps,
    JSON.stringify({
      wx1: { app_id: 'bi1', app_secret: 's1' },
      wx2: { app_id: 'bi2', app_secret: 's2' },
    }),
  );
  receiver = await startReceiver({
    config: parseSettings(receiverSettings, {
      RECEIVER_LISTEN: '127.0.0.1:0',
      RECEIVER_CREDENTIALS: apps,
      RECEIVER_LOG: join(folder, 'receipts.ndjson'),
    }),
    logger,
    now: Date.now,
  });
});

afterEach(async () => {
  await client?.close();
  await receiver.stop(0);
  rmSync(folder, { recursive: true });
});

const receipts = (): Receipt[] =>
  readFileSync(join(folder, 'receipts.ndjson'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Receipt);

async function fail(faults: object): Promise<void> {
  const answer = await fetch(`${receiver.url}/faults`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(faults),
  });
  expect(await answer.text()).toContain('seed');
  expect(answer.status).toBe(200);
}

function outgoing(order: string, app = 'wx1'): Outgoing & { readonly text: string } {
  const event = eventOf({
    type: 'coupon_order',
    props: {
      coupon: {
        order_id: order,
        order_time: 1560409473714,
        order_status: 'payed',
        coupon_batch_id: 'b',
        pay_amt: '9.00',
      },
      coupon_info: [{ coupon_id: 'c' }],
      page: 'p',
      time: 1560409473715,
      wx_user: { app_id: app, open_id: 'u' },
      chan: { chan_wxapp_scene: 1037 },
    },
  });
  const body = Buffer.from(reportBody(event, DEFAULT_FORM));
  return {
    appId: app,
    eventId: event.event_id.toString('latin1'),
    time: event.time,
    body,
    isRedriven: false,
    text: eventIdText(event.event_id),
  };
}

interface Told {
  readonly mode?: ReportMode;
  readonly isSingle?: boolean;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly url?: string;
  readonly waits?: Waits;
  readonly log?: pino.Logger;
}

function deliveriesOf({
  mode = 'safe-report',
  isSingle = false,
  timeoutMs = 2000,
  url = receiver.url,
  waits = new Waits({ logger, now: Date.now }),
  log = logger,
}: Told = {}) {
  let nonces = 0;
  client = createReportClient({
    url,
    mode,
    timeoutMs,
    connections: 2,
    now: Date.now,
    nonce: () => `n${nonces++}`,
  });
  return createDeliveries({
    client,
    credentials: readCredentials(apps, (file) => readFileSync(file, 'utf8')),
    mostRefused: 6,
    isSingle,
    patience: { firstMs: 2, mostMs: 10 },
    retryCodes: new Set(),
    now: Date.now,
    random: () => 0.5,
    logger: log,
    waits,
  });
}

type Send = (events: readonly Outgoing[], pace: Pace, signal: AbortSignal) => Promise<Sent[]>;

const sendOf =
  ({ pack, deliver: send }: Deliveries): Send =>
  (events, pace, signal) =>
    send(pack(events), pace, signal);

type SentOne = Omit<Sent, 'events'> & { readonly event: Outgoing };

/** Delivers without a limit; what it is told of apps, it remembers. @returns what became of each event */
function senderOf(told: Told = {}): (events: readonly Outgoing[]) => Promise<SentOne[]> {
  const send = sendOf(deliveriesOf(told));
  const pace = createPace(undefined, 50);
  const { signal = new AbortController().signal } = told;
  return async (events) =>
    (await send(events, pace, signal)).flatMap(({ events: together, ...sent }) =>
      together.map((event) => ({ event, ...sent })),
    );
}

const deliver = (events: readonly Outgoing[], told?: Told): Promise<SentOne[]> => senderOf(told)(events);

const orders = (count: number, app?: string) =>
  Array.from({ length: count }, (_, index) => outgoing(`o${index}`, app));

describe('events', () => {
  it.each<ReportMode>(['report', 'safe-report'])('are taken by %s, in one array, in order', async (mode) => {
    const events = orders(50);
    const sent = await deliver(events, { mode });
    expect(sent.map(({ outcome, attempts, status, code }) => [outcome, attempts, status, code])).toEqual(
      events.map(() => ['accepted', 1, 200, 0]),
    );
    expect(receipts()).toMatchObject([{ accepted: true, app_id: 'bi1' }]);
    expect(receipts()[0]?.events).toEqual(events.map(({ body }) => JSON.parse(body.toString()) as unknown));
  });

  it('travel as the single object of the specification when told', async () => {
    await deliver(orders(1), { isSingle: true });
    expect(receipts()[0]?.events).toHaveLength(1);
  });

  it('are halved until the offender is alone, and the rest goes through in order', async () => {
    const events = orders(50);
    const faults = { seed: 'x', events: [{ share: 0.05, code: 1001, msg: 'no such coupon' }] };
    const { of } = mischief(faultsSchema.parse(faults));
    const bad = events.filter(({ text }) => of(text) !== undefined);
    expect(bad.length).toBeGreaterThan(0);
    await fail(faults);
    const sent = await deliver(events);
    expect(sent.filter(({ outcome }) => outcome === 'refused').map(({ event }) => event)).toEqual(bad);
    expect(sent.find(({ outcome }) => outcome === 'refused')).toMatchObject({
      status: 200,
      code: 1001,
      msg: 'no such coupon',
    });
    const taken = receipts()
      .filter(({ accepted }) => accepted)
      .flatMap((receipt) => receipt.events);
    const good = events.filter((event) => !bad.includes(event));
    expect(taken).toEqual(good.map(({ body }) => JSON.parse(body.toString()) as unknown));
  });

  it.each([
    ['500', { fault: 'status', status: 500 }],
    ['429 and Retry-After', { fault: 'status', status: 429, retry_after: 1 }],
    ['429 and a date', { fault: 'status', status: 429, retry_after: 1, as_date: true }],
    ['no answer', { fault: 'hang' }],
    ['a connection that was cut', { fault: 'reset' }],
  ])('are sent again after %s, each time with another nonce, until they are taken', async (_, fault) => {
    await fail({ seed: '7', requests: [{ share: 0.5, ...fault }] });
    const send = sendOf(deliveriesOf({ timeoutMs: 1000 }));
    const pace = createPace(undefined, 50);
    let attempts = 0;
    for (const event of orders(6)) {
      const [sent] = await send([event], pace, new AbortController().signal);
      expect(sent?.outcome).toBe('accepted');
      attempts += sent?.attempts ?? 0;
    }
    expect(attempts).toBe(receipts().length);
    expect(attempts).toBeGreaterThan(6);
  });

  it('wait as long as Retry-After says', async () => {
    await fail({ seed: '7', requests: [{ share: 1, fault: 'status', status: 503, retry_after: 1 }] });
    const sending = deliver(orders(1));
    while (receipts().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await fail({});
    await sending;
    const [first, second] = receipts();
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1000);
  });

  it('of an app that is not allowed are told so, after a few attempts; the others flow', async () => {
    await fail({ requests: [{ share: 1, fault: 'status', status: 403, app_id: 'bi2' }] });
    const send = senderOf();
    const sent = await send(orders(3, 'wx2'));
    expect(sent.map(({ outcome, attempts, status }) => [outcome, attempts, status])).toEqual(
      Array.from({ length: 3 }, () => ['destination_refused', 3, 403]),
    );
    expect(await send(orders(2, 'wx2'))).toMatchObject([
      { outcome: 'destination_refused', attempts: 0 },
      { outcome: 'destination_refused', attempts: 0 },
    ]);
    expect(await send(orders(1, 'wx1'))).toMatchObject([{ outcome: 'accepted' }]);
    expect(receipts()).toHaveLength(4);
  });

  it('of an app without credentials are not sent', async () => {
    expect(await deliver(orders(2, 'wx9'))).toMatchObject([
      { outcome: 'destination_refused', msg: 'no credentials' },
      { outcome: 'destination_refused' },
    ]);
    expect(receipts()).toEqual([]);
  });

  it('stop the group when no app is allowed', async () => {
    await fail({ requests: [{ share: 1, fault: 'status', status: 401 }] });
    const send = senderOf();
    await send(orders(1, 'wx1'));
    await expect(send(orders(1, 'wx2'))).rejects.toThrow(NoAppAllowedError);
  });

  it('stop the group when no app that has events is allowed, or has credentials', async () => {
    await fail({ requests: [{ share: 1, fault: 'status', status: 404 }] });
    const send = senderOf();
    await send(orders(3, 'wx1'));
    await send(orders(2, 'wx9'));
    await expect(send(orders(1, 'wx1'))).rejects.toThrow('does not allow this app as bi1');
    await expect(send(orders(1, 'wx9'))).rejects.toThrow(/wx9: REPORT_CREDENTIALS names neither/);
  });

  it('of apps that are not allowed, however many, stop nothing while another app is', async () => {
    await fail({ requests: [{ share: 1, fault: 'status', status: 403, app_id: 'bi2' }] });
    const send = senderOf();
    await send(orders(1, 'wx1'));
    await expect(send(orders(20, 'wx2'))).resolves.toHaveLength(20);
    await expect(send(orders(20, 'wx9'))).resolves.toHaveLength(20);
  });

  it('of an app that is not allowed are told of once, with what to do', async () => {
    const lines: { level: number; app?: string; msg: string }[] = [];
    const log = pino(
      { base: {} },
      { write: (line) => lines.push(JSON.parse(line) as (typeof lines)[number]) },
    );
    await fail({ requests: [{ share: 1, fault: 'status', status: 403, app_id: 'bi2' }] });
    const send = senderOf({ log });
    await send(orders(1, 'wx1'));
    for (let again = 0; again < 3; again += 1) await send(orders(1, 'wx2'));
    expect(lines).toMatchObject([
      {
        level: 50,
        app: 'wx2',
        msg: expect.stringMatching(/as bi2 \(status 403\).*dlq redrive report/) as unknown,
      },
    ]);
  });

  it('are given up at once when told, while nobody answers', async () => {
    const giveUp = new AbortController();
    await fail({ requests: [{ share: 1, fault: 'status', status: 503, retry_after: 60 }] });
    const sending = deliver(orders(1), { signal: giveUp.signal });
    while (receipts().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    giveUp.abort(new Error('told so'));
    // Whether it waits or asks at this moment: a request that is under way says it in its own words.
    await expect(sending).rejects.toThrow(/told so|aborted|answers with status 503/);
  });

  it('that are on their way when told to give up are waited for', async () => {
    const giveUp = new AbortController();
    await fail({ delay_ms: 300 });
    const sending = deliver(orders(1), { signal: giveUp.signal });
    while (receipts().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    giveUp.abort(new Error('told so'));
    expect(await sending).toMatchObject([{ outcome: 'accepted' }]);
  });
});

it('asks the limit for the events of each request', async () => {
  const asked: number[] = [];
  const clearance = (events: number): Promise<void> => {
    asked.push(events);
    return Promise.resolve();
  };
  const send = sendOf(deliveriesOf());
  await send(orders(20), { arrayMax: 50, clearance }, new AbortController().signal);
  await send(orders(3), { arrayMax: 50, clearance }, new AbortController().signal);
  expect(asked).toEqual([20, 3]);
});

describe('what is told of a wait', () => {
  const busy = { share: 1, fault: 'status', status: 503, retry_after: 60, app_id: 'bi1' };

  /** Resolves when what was asked before would have been told of, had it been slow. */
  async function asLongAsIsTold(waits: Waits, send: Send, signal: AbortSignal): Promise<void> {
    send(orders(1, 'wx2'), createPace(undefined, 50), signal).catch(() => undefined);
    while (!waits.current().some(({ on }) => on.includes('bi2'))) await pause(5);
  }

  it.each([
    ['nothing, of one for the limit: it is no trouble at the API', [], true, []],
    [
      'the pause that the API asked for, also of who has not asked since',
      [busy],
      false,
      ['it answers with status 503 and asks for a pause of 60 s'],
    ],
  ])('is %s', async (_, faults, isLimited, told) => {
    await fail({ requests: [...faults, { share: 1, fault: 'hang', app_id: 'bi2' }] });
    const waits = new Waits({ logger, now: Date.now, slowMs: 20 });
    const giveUp = new AbortController();
    const send = sendOf(deliveriesOf({ waits }));
    const clearance = (): Promise<void> => (isLimited ? new Promise(() => undefined) : Promise.resolve());
    const ask = () => send(orders(1), { arrayMax: 50, clearance }, giveUp.signal).catch(() => undefined);
    const sending = [ask()];
    while (faults.length > 0 && waits.current().length === 0) await pause(5);
    sending.push(ask());
    await asLongAsIsTold(waits, send, giveUp.signal);
    const sentences = waits
      .current()
      .filter(({ on }) => on.includes('bi1'))
      .map(({ sentence }) => sentence);
    giveUp.abort();
    await Promise.all(sending);
    expect(sentences).toEqual(told);
  });
});

describe('an answer that says nothing of the events', () => {
  let api: Server;
  let said: { status: number; headers?: Record<string, string>; body: string };

  beforeEach(async () => {
    api = createServer((request, reply) => {
      request.resume().on('end', () => {
        if (said.status > 0) reply.writeHead(said.status, said.headers).end(said.body);
        said = { status: 200, body: '{"code":0,"msg":"ok"}' };
      });
    });
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  });

  afterEach(() => new Promise((resolve) => api.close(resolve).closeAllConnections()));

  const urlOf = () => `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  const none = /but its body is not \{"code", "msg"\}: does REPORT_URL name the report API/;

  it.each<[string, typeof said, RegExp]>([
    ['no JSON', { status: 200, body: '<html>' }, none],
    ['nothing', { status: 200, body: '' }, none],
    ['no code', { status: 200, body: '{"msg":"ok"}' }, none],
    ['far too much', { status: 200, body: `{"code":0,"msg":"${'x'.repeat(100_000)}"}` }, none],
    [
      'a redirection',
      { status: 302, headers: { location: 'https://other.example/a?signature=5' }, body: '' },
      /status 302, a redirection to https:\/\/other\.example\/a, which is not followed: REPORT_URL/,
    ],
    [
      'a long pause',
      { status: 429, headers: { 'retry-after': 'Sat, 31 Jan 2026 11:00:00 GMT' }, body: '' },
      /status 429 and asks for a pause of 0\.0 s/,
    ],
    ['none in time', { status: 0, body: '' }, /^it does not answer within REPORT_TIMEOUT_MS$/],
  ])('is told of in plain words, and they are sent again: %s', async (_, first, sentence) => {
    said = first;
    const reasons: string[] = [];
    const waits = new Waits({
      logger,
      now: Date.now,
      onChange: () => reasons.push(...waits.current().map((wait) => wait.sentence)),
    });
    const [sent] = await deliver(orders(1), { url: urlOf(), waits, timeoutMs: 1000 });
    expect(sent).toMatchObject({ outcome: 'accepted', attempts: 2 });
    expect(reasons).toEqual([expect.stringMatching(sentence)]);
  });

  it('may be as long as it likes when its status says enough', async () => {
    said = { status: 422, body: `{"code":7,"msg":"${'x'.repeat(100_000)}"}` };
    const [sent] = await deliver(orders(1), { url: urlOf() });
    expect(sent).toMatchObject({ outcome: 'refused', attempts: 1, status: 422, code: 0 });
  });
});
