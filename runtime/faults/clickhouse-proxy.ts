import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Random } from '../process/random.ts';
import { signalled, type Signalled } from '../process/signalled.ts';

/** What becomes of a request. */
export type HttpFault =
  /** The server does the work, and its answer is lost with the connection. Done only to what it did well. */
  | { readonly type: 'lost_answer' }
  /** The server is not asked. `code` is ClickHouse's; without one it is a page of something in between. */
  | { readonly type: 'answer'; readonly status: number; readonly code?: number; readonly text: string }
  /** Status 200, and an error in a header or at the body's end. Unless `isDone`, the server is not asked. */
  | {
      readonly type: 'error_in_200';
      readonly where: 'header' | 'tail';
      readonly code: number;
      readonly text: string;
      readonly isDone?: boolean;
    }
  /** The server does the work at once, and its answer comes later. */
  | { readonly type: 'late_answer'; readonly ms: number }
  /** Nothing happens until it is removed; then the connection is cut, and the server was never asked. */
  | { readonly type: 'held' };

export interface HttpInjection {
  /** Whether it may be done to a request with this SQL and these bytes; any unless told. */
  readonly matches?: (sql: string, body: Buffer) => boolean;
  /** The part of those requests; all unless told. */
  readonly share?: number;
  /** How often at most; always unless told. */
  readonly times?: number;
}

/** A fault that is in place, and what it has really done so far. */
export interface InjectedHttp {
  readonly fault: HttpFault;
  /** Requests that it might have been done to. */
  requests(): number;
  /** Requests that it was done to. */
  hits(): number;
  remove(): void;
}

/** An HTTP proxy before ClickHouse that can be told to fail. */
export interface ClickHouseProxy {
  readonly url: string;
  /** Where requests go from now on: ClickHouse's URL. */
  target(url: string): void;
  /** Does this to requests until it is removed. Of several faults that may be done to a request, the first one drawn is. */
  inject(fault: HttpFault, injection?: HttpInjection): InjectedHttp;
  /** How many requests came. */
  requests(): number;
  stop(): Promise<void>;
}

interface Rule extends Required<HttpInjection> {
  readonly fault: HttpFault;
  readonly removed: Signalled;
  requests: number;
  /** Requests that it was drawn for. */
  drawn: number;
  hits: number;
}

/** An answer of the server, whole. */
interface Whole {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** @param random draws which requests a fault is done to */
export async function startClickHouseProxy({
  target,
  random,
}: {
  /** ClickHouse's URL; `target` sets it later, for a server that is started after its proxy. */
  readonly target?: string;
  readonly random: Random;
}): Promise<ClickHouseProxy> {
  let to = target;
  let rules: readonly Rule[] = [];
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    response.on('error', () => undefined);
    answer(request, response).catch(() => response.destroy());
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(request);
    const rule = drawn(rules, sqlOf(request, body), body, random);
    await respond(rule, response, () => ask(to, request, body));
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    target: (url) => void (to = url),
    inject(fault, { matches = () => true, share = 1, times = Infinity } = {}) {
      const counts = { requests: 0, drawn: 0, hits: 0 };
      const rule: Rule = { fault, matches, share, times, removed: signalled(), ...counts };
      rules = [...rules, rule];
      return {
        fault,
        requests: () => rule.requests,
        hits: () => rule.hits,
        remove() {
          rules = rules.filter((one) => one !== rule);
          rule.removed.resolve();
        },
      };
    },
    requests: () => requests,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function drawn(rules: readonly Rule[], sql: string, body: Buffer, random: Random): Rule | undefined {
  let found: Rule | undefined;
  for (const rule of rules) {
    if (!rule.matches(sql, body)) continue;
    rule.requests += 1;
    if (random.chance(rule.share) && rule.drawn < rule.times) found ??= rule;
  }
  if (found !== undefined) found.drawn += 1;
  return found;
}

/** The statement stands in the URL when rows are in the body, else in the body. */
function sqlOf(request: IncomingMessage, body: Buffer): string {
  const query = new URL(request.url ?? '/', 'http://clickhouse').searchParams.get('query');
  return query ?? body.toString();
}

async function respond(
  rule: Rule | undefined,
  response: ServerResponse,
  askServer: () => Promise<Whole>,
): Promise<void> {
  if (rule === undefined) {
    pass(response, await askServer());
    return;
  }
  const { fault } = rule;
  if (fault.type === 'answer') {
    rule.hits += 1;
    refuse(response, fault);
    return;
  }
  if (fault.type === 'error_in_200' && fault.isDone !== true) {
    rule.hits += 1;
    refuseInside(response, fault);
    return;
  }
  if (fault.type === 'held') {
    rule.hits += 1;
    await rule.removed.promise;
    response.socket?.resetAndDestroy();
    return;
  }
  const whole = await askServer();
  if (!isDone(whole)) {
    pass(response, whole);
    return;
  }
  rule.hits += 1;
  if (fault.type === 'lost_answer') response.socket?.resetAndDestroy();
  else if (fault.type === 'error_in_200') refuseInside(response, fault);
  else {
    await sleep(fault.ms, undefined, { ref: false });
    if (!response.destroyed) pass(response, whole);
  }
}

const isDone = ({ status, headers }: Whole): boolean =>
  status === 200 && headers['x-clickhouse-exception-code'] === undefined;

function refuse(response: ServerResponse, { status, code, text }: HttpFault & { type: 'answer' }): void {
  if (code !== undefined) response.setHeader('X-ClickHouse-Exception-Code', code);
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=UTF-8' }).end(`${text}\n`);
}

const TAG = 'chaoschaoschaos1';

function refuseInside(
  response: ServerResponse,
  { where, code, text }: HttpFault & { type: 'error_in_200' },
): void {
  const said = `Code: ${code}. DB::Exception: ${text}\n`;
  if (where === 'header') {
    response.writeHead(200, { 'X-ClickHouse-Exception-Code': code }).end(said);
    return;
  }
  response
    .writeHead(200, { 'X-ClickHouse-Exception-Tag': TAG })
    .end(`\r\n__exception__\r\n${TAG}\r\n${said}${Buffer.byteLength(said)} ${TAG}\r\n__exception__\r\n`);
}

function pass(response: ServerResponse, { status, headers, body }: Whole): void {
  response.writeHead(status, forwarded(headers)).end(body);
}

async function ask(target: string | undefined, request: IncomingMessage, body: Buffer): Promise<Whole> {
  if (target === undefined) throw new Error('no server is known yet');
  const outgoing = httpRequest(new URL(request.url ?? '/', target), {
    method: request.method,
    // A connection that the server closes while it is idle would be a fault that nobody asked for.
    agent: false,
    headers: { ...forwarded(request.headers), 'content-length': body.length },
  });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 502, headers: answer.headers, body: await buffer(answer) };
}

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'host',
  'content-length',
  'expect',
]);

const forwarded = (headers: IncomingMessage['headers']): IncomingMessage['headers'] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));
