import { RefusedError } from '../../runtime/http/failures.ts';
import {
  checkQuery,
  CODES,
  covers,
  issuedCredential,
  type Credentials,
  type ReportMode,
} from '../../schemas/report_api/index.ts';

/** Who sent a request, as far as its query proves it. */
export interface Caller {
  /** The app_id that was issued to him, or his token, which is the same. */
  readonly appId: string;
  /** undefined: a request by token has none. */
  readonly nonce: string | undefined;
  /** Whether events of this WeChat app_id are his. */
  readonly mayReport: (wechatAppId: string) => boolean;
}

export interface CallerRules {
  /** undefined: the open endpoint takes any app, the signed one none. */
  readonly credentials: Credentials | undefined;
  /** How far a timestamp may be from now, seconds. */
  readonly skew: number;
}

/** @throws {RefusedError} which check failed. @param now seconds since 1970 */
export function callerOf(
  query: URLSearchParams,
  mode: ReportMode,
  { credentials, skew }: CallerRules,
  now: number,
): Caller {
  const isKnownApp = (appId: string): boolean =>
    credentials === undefined ? mode === 'report' : issuedCredential(credentials, appId) !== undefined;
  const mayReport = (appId: string) => (wechatAppId: string) =>
    credentials === undefined || covers(credentials, appId, wechatAppId);

  const token = mode === 'report' && !query.has('app_id') ? query.get('token') : null;
  if (token !== null) {
    if (token === '' || !isKnownApp(token)) throw refused('token is missing or not known');
    return { appId: token, nonce: undefined, mayReport: mayReport(token) };
  }
  const secretOf = (appId: string) => credentials && issuedCredential(credentials, appId)?.secret;
  const checked = checkQuery(query, { mode, now, skew, isKnownApp, secretOf });
  if (!checked.ok) throw refused(checked.message);
  return { appId: checked.appId, nonce: checked.nonce, mayReport: mayReport(checked.appId) };
}

const refused = (sentence: string): RefusedError => new RefusedError(CODES.notAllowed, sentence);
