import { Pool } from 'undici';

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
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  return {
    async send(body, { appId, secret }) {
      const attempt = { appId, timestamp: Math.floor(now() / 1000), nonce: nonce() };
      const query = reportQuery(attempt, mode === 'safe-report' ? secret : undefined);
      const answer = await pool.request({
        method: 'POST',
        path: `${path}?${query}`,
        headers: { 'content-type': 'application/json' },
        body,
        signal: AbortSignal.timeout(timeoutMs),
      });
      const parsed = parseAnswer(await boundedText(answer.body));
      return {
        status: answer.statusCode,
        code: parsed?.code,
        msg: (parsed?.msg ?? '').slice(0, MSG_CHARACTERS),
        retryAfterMs: retryAfterMs(first(answer.headers['retry-after']), now()),
        location: first(answer.headers['location'])?.split('?', 1)[0]?.slice(0, MSG_CHARACTERS),
      };
    },
    close: () => pool.destroy(),
  };
}

const first = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

/** Empty if it is longer than anything that holds a code: its status then says all that is known. */
async function boundedText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES) return '';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
