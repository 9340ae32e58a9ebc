import type { IncomingHttpHeaders } from 'node:http';
import { Pool, type Dispatcher } from 'undici';

import { retryAfterMs } from '../../runtime/http/retry-after.ts';
import {
  parseAnswer,
  REPORT_PATHS,
  reportQuery,
  type Credential,
  type ReportMode,
} from '../../schemas/report_api/index.ts';

export interface Answer {
  readonly status: number;
  /** Of the body; undefined: it has none. */
  readonly code: number | undefined;
  /** The API's own words; empty if there are none. */
  readonly msg: string;
  /** ms that the API asks to wait. */
  readonly retryAfterMs: number | undefined;
  /** Where it sends us instead, without the query; nobody follows. */
  readonly location: string | undefined;
}

export interface ReportClientOptions {
  /** The API's base, without a path. */
  readonly url: string;
  readonly mode: ReportMode;
  readonly timeoutMs: number;
  /** Requests at the same time at the most. */
  readonly connections: number;
  /** ms since 1970 */
  readonly now: () => number;
  /** Another nonce at each call: at most 32 characters. */
  readonly nonce: () => string;
}

/** Sends one request, and tries nothing again. */
export interface ReportClient {
  /** @throws when no whole answer came in time: what became of the request is then unknown */
  send(body: Buffer, credential: Credential): Promise<Answer>;
  /** Ends what is still under way. */
  close(): Promise<void>;
}

const ANSWER_BYTES = 65_536;
const MSG_CHARACTERS = 500;

export function createReportClient(options: ReportClientOptions): ReportClient {
  const { url, mode, timeoutMs, connections, now, nonce } = options;
  const { origin, pathname } = new URL(url);
  const path = `${pathname === '/' ? '' : pathname}${REPORT_PATHS[mode]}`;
  const pool = new Pool(origin, {
    connections,
    pipelining: 1,
    connectTimeout: timeoutMs,
    // The whole exchange has one limit.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    async send(body, { appId, secret }) {
      const attempt = { appId, timestamp: Math.floor(now() / 1000), nonce: nonce() };
      const query = reportQuery(attempt, mode === 'safe-report' ? secret : undefined);
      const answer = await exchange(pool, `${path}?${query}`, body, timeoutMs);
      const parsed = parseAnswer(answer.text);
      return {
        status: answer.status,
        code: parsed?.code,
        msg: (parsed?.msg ?? '').slice(0, MSG_CHARACTERS),
        retryAfterMs: retryAfterMs(first(answer.headers['retry-after']), now()),
        location: first(answer.headers.location)?.split('?', 1)[0]?.slice(0, MSG_CHARACTERS),
      };
    },
    close: () => pool.destroy(),
  };
}

const first = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

interface Exchanged {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body; empty if it is longer than anything that holds a code: its status then says all that is known. */
  readonly text: string;
}

/**
 * One request and its whole answer, from the library's own events: with its promises, streams and signals it takes nearly twice the CPU.
 * @throws when no whole answer came within `timeoutMs`, a TimeoutError
 */
function exchange(pool: Pool, path: string, body: Buffer, timeoutMs: number): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    let request: Dispatcher.DispatchController | undefined;
    let late: Error | undefined;
    const timer = setTimeout(() => {
      late = new DOMException('no answer in time', 'TimeoutError');
      reject(late);
      request?.abort(late);
    }, timeoutMs);
    let status = 0;
    let headers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    let bytes = 0;
    const done = (): void => {
      clearTimeout(timer);
      resolve({ status, headers, text: bytes > ANSWER_BYTES ? '' : Buffer.concat(chunks).toString() });
    };
    pool.dispatch(
      { method: 'POST', path, headers: { 'content-type': 'application/json' }, body },
      {
        onRequestStart(controller) {
          request = controller;
          if (late !== undefined) controller.abort(late);
        },
        onResponseStart(_controller, statusCode, received) {
          status = statusCode;
          headers = received;
        },
        onResponseData(controller, chunk) {
          bytes += chunk.length;
          chunks.push(chunk);
          if (bytes <= ANSWER_BYTES) return;
          done();
          controller.abort(new Error('the answer is too long'));
        },
        onResponseEnd: done,
        onResponseError(_controller, error) {
          clearTimeout(timer);
          reject(error);
        },
      },
    );
  });
}
