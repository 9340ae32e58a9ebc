import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';

import {
  checkQuery,
  CODES,
  issuedCredential,
  type Credentials,
  type ReportMode,
} from '../../schemas/report_api/index.ts';
import { readBody } from './body.ts';
import type { Mischief, RequestFault } from './faults.ts';
import type { Receipt, ReceiptLog } from './receipt-log.ts';

export interface RequestsOptions {
  /** undefined: every app may report without a signature, and none with one. */
  readonly credentials: Credentials | undefined;
  /** Seconds. */
  readonly skew: number;
  readonly mischief: () => Mischief;
  readonly log: ReceiptLog;
  /** ms since 1970 */
  readonly now: () => number;
}

/** The route of one endpoint. */
export function takeReports(mode: ReportMode, options: RequestsOptions) {
  const { mischief, log } = options;
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { receipt, fault } = judge(mode, request, options);
    log.write(receipt);
    const { delay_ms: delay } = mischief().faults;
    if (delay > 0) await pause(delay);
    if (fault?.fault === 'hang') return reply.hijack();
    if (fault?.fault === 'reset') {
      reply.hijack();
      reply.raw.socket?.resetAndDestroy();
      return reply;
    }
    if (fault?.retry_after !== undefined) void reply.header('retry-after', retryAfter(fault, options.now()));
    const { status, code, msg = 'ok' } = receipt;
    return reply.code(status).send({ code, msg });
  };
}

interface Judged {
  readonly receipt: Receipt;
  readonly fault: RequestFault | undefined;
}

function judge(mode: ReportMode, request: FastifyRequest, options: RequestsOptions): Judged {
  const { mischief, now } = options;
  const path = request.url.split('?', 1)[0] ?? '';
  const query = new URLSearchParams(request.url.slice(path.length + 1));
  const at = now();
  const base = { at, path, app_id: query.get('app_id') ?? '', events: [] };
  const plain = (receipt: Partial<Receipt> & Pick<Receipt, 'status' | 'code'>): Judged => ({
    receipt: { ...base, accepted: false, ...receipt },
    fault: undefined,
  });
  if (request.headers['content-length'] === undefined)
    return plain({ status: 411, code: CODES.invalid, msg: 'Content-Length is missing' });
  const checked = checkQuery(query, rulesOf(mode, options));
  if (!checked.ok) return plain({ status: 401, code: CODES.notAllowed, msg: checked.message });
  const read = readBody(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0));
  if (!read.ok) return plain({ status: read.status, code: read.code, msg: read.msg, events: read.bodies });
  const events = read.events.map(({ body }) => body);
  const fault = mischief().next(checked.appId);
  const wrong = read.events.map(({ eventId }) => mischief().of(eventId)).find(Boolean);
  if (fault !== undefined) return { receipt: failed({ ...base, events }, fault, wrong === undefined), fault };
  if (wrong !== undefined)
    return plain({ status: 200, code: wrong.code, msg: wrong.msg, fault: 'event', events });
  return plain({ accepted: true, status: 200, code: CODES.taken, events });
}

/** @param isTakable whether the events would be taken if nothing else went wrong */
function failed(
  base: Pick<Receipt, 'at' | 'path' | 'app_id' | 'events'>,
  fault: RequestFault,
  isTakable: boolean,
): Receipt {
  if (fault.fault !== 'status') {
    const accepted = fault.fault === 'reset' && isTakable;
    return { ...base, accepted, status: 0, code: 0, fault: fault.fault };
  }
  const { status, code } = fault;
  return { ...base, accepted: false, status, code, fault: `status ${status}`, msg: 'failing for a test' };
}

function rulesOf(mode: ReportMode, { credentials, skew, now }: RequestsOptions) {
  return {
    mode,
    now: Math.floor(now() / 1000),
    skew,
    isKnownApp: (appId: string) =>
      credentials === undefined || issuedCredential(credentials, appId) !== undefined,
    secretOf: (appId: string) => credentials && issuedCredential(credentials, appId)?.secret,
  };
}

function retryAfter({ retry_after: seconds = 0, as_date: asDate }: RequestFault, now: number): string {
  return asDate ? new Date(now + seconds * 1000).toUTCString() : String(Math.ceil(seconds));
}
