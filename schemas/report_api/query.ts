import type { KeyObject } from 'node:crypto';

import { isSignature, signatureOf } from './signature.ts';

/** The paths of the two endpoints, below the base URL. */
export const REPORT_PATHS = { report: '/api/report', 'safe-report': '/api/v1/safe-report' } as const;

/** `report` is not signed; `safe-report` is, and answers when the events are taken. */
export type ReportMode = keyof typeof REPORT_PATHS;

/** Characters of a nonce at the most. */
export const MAX_NONCE = 32;

/** What the query of one attempt is made from. */
export interface Attempt {
  /** The app_id that the data centre issued, not the WeChat one. */
  readonly appId: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** At most {@link MAX_NONCE} characters, another one for each attempt. */
  readonly nonce: string;
}

/** The query of one attempt; signed if there is a secret. */
export function reportQuery({ appId, timestamp, nonce }: Attempt, secret?: KeyObject): string {
  const query = new URLSearchParams({ app_id: appId, timestamp: String(timestamp), nonce });
  if (secret !== undefined) {
    query.set('sign', 'sha256');
    query.set('signature', signatureOf({ appId, nonce, timestamp: String(timestamp) }, secret));
  }
  return query.toString();
}

/** A check that a query can fail. */
export type QueryCheck = 'app_id' | 'timestamp' | 'skew' | 'nonce' | 'sign' | 'signature';

export type CheckedQuery =
  | { readonly ok: true; readonly appId: string; readonly nonce: string }
  | {
      readonly ok: false;
      readonly check: QueryCheck;
      /** Which check failed, never what would have passed it. */
      readonly message: string;
    };

export interface QueryRules {
  readonly mode: ReportMode;
  /** Seconds since 1970. */
  readonly now: number;
  /** How far the timestamp may be from `now`, seconds. */
  readonly skew: number;
  readonly isKnownApp: (appId: string) => boolean;
  /** The secret of an app; one without a secret passes no signed query. */
  readonly secretOf: (appId: string) => KeyObject | undefined;
}

const SENTENCES: Readonly<Record<QueryCheck, string>> = {
  app_id: 'app_id is missing or not known',
  timestamp: 'timestamp must be seconds since 1970',
  skew: 'timestamp is too far from now',
  nonce: `nonce must have 1 to ${MAX_NONCE} characters`,
  sign: 'sign must be sha256',
  signature: 'signature is missing or wrong',
};

/**
 * Checks the query of a request: app_id, timestamp and nonce, and on the signed endpoint the signature.
 * A member that stands twice counts by its first.
 */
export function checkQuery(query: URLSearchParams, rules: QueryRules): CheckedQuery {
  const appId = query.get('app_id') ?? '';
  const nonce = query.get('nonce') ?? '';
  const check = failedCheck(query, appId, nonce, rules);
  return check === undefined ? { ok: true, appId, nonce } : { ok: false, check, message: SENTENCES[check] };
}

function failedCheck(
  query: URLSearchParams,
  appId: string,
  nonce: string,
  rules: QueryRules,
): QueryCheck | undefined {
  const timestamp = query.get('timestamp') ?? '';
  if (appId === '' || !rules.isKnownApp(appId)) return 'app_id';
  if (!/^\d{10}$/.test(timestamp)) return 'timestamp';
  if (Math.abs(Number(timestamp) - rules.now) > rules.skew) return 'skew';
  if (nonce === '' || nonce.length > MAX_NONCE) return 'nonce';
  if (rules.mode === 'report') return undefined;
  if (query.get('sign') !== 'sha256') return 'sign';
  const secret = rules.secretOf(appId);
  const signature = query.get('signature') ?? '';
  const isRight = secret !== undefined && isSignature(signature, { appId, nonce, timestamp }, secret);
  return isRight ? undefined : 'signature';
}
