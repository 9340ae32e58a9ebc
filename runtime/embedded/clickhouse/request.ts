import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { Users } from './access.ts';
import { ServerError } from './errors.ts';
import type { SessionPlan } from './session.ts';

/** What a request says beside its statement. */
export interface Request {
  readonly plan: SessionPlan;
  readonly format: string;
  readonly gzip: boolean;
  /** The answer must be whole before its status leaves. */
  readonly wait: boolean;
}

/** Parameters of the HTTP interface that are no settings of a query. */
const INTERFACE = new Set([
  ...['query', 'query_id', 'database', 'default_format', 'user', 'password', 'role', 'quota_key'],
  ...['session_id', 'session_timeout', 'session_check', 'close_session', 'client_protocol_version'],
  ...['wait_end_of_query', 'buffer_size', 'compress', 'decompress', 'stacktrace', 'client_trace_context'],
]);

const SETTING = /^[A-Za-z_]\w*$/;

/**
 * Reads the parameters and headers of a request.
 * @throws {ServerError} 516 for a wrong user or password, and for what the front does not have
 */
export function requestOf(
  message: IncomingMessage,
  parameters: URLSearchParams,
  users: Users,
  readable: string,
): Request {
  const analyst = isAnalyst(message, parameters, users);
  refuseMissing(parameters, analyst);
  const on = (name: string) => ['1', 'true'].includes(parameters.get(name) ?? '');
  const header = (name: string) => message.headers[name]?.toString();
  return {
    plan: {
      queryId: parameters.get('query_id') || header('x-clickhouse-query-id') || randomUUID(),
      tag: randomUUID(),
      analyst,
      readOnly: message.method === 'GET' || message.method === 'HEAD',
      database:
        parameters.get('database') || header('x-clickhouse-database') || (analyst ? readable : undefined),
      settings: [...parameters].filter(([name]) => !INTERFACE.has(name) && !isParameter(name)).map(checked),
      params: [...parameters]
        .filter(([name]) => isParameter(name))
        .map(([name, value]) => checked([name.slice(6), value])),
    },
    format: parameters.get('default_format') || header('x-clickhouse-format') || 'TabSeparated',
    gzip: on('enable_http_compression') && /\bgzip\b/.test(header('accept-encoding') ?? ''),
    wait: on('wait_end_of_query') || on('http_wait_end_of_query'),
  };
}

const isParameter = (name: string): boolean => name.startsWith('param_');

// Names go into SET statements as they are.
function checked([name, value]: readonly [string, string]): readonly [string, string] {
  if (!SETTING.test(name))
    throw ServerError.of(62, `Syntax error: \`${name}\` cannot be the name of a setting or parameter.`);
  return [name, value];
}

function refuseMissing(parameters: URLSearchParams, analyst: boolean): void {
  for (const name of ['compress', 'decompress']) {
    if (parameters.get(name) === '1') {
      throw ServerError.of(
        344,
        `${name}=1 is not supported here: use Content-Encoding and enable_http_compression=1.`,
      );
    }
  }
  // An analyst can leave nothing behind in a session, so that a new one each time is the same to him.
  if (parameters.has('session_id') && !analyst)
    throw ServerError.of(344, 'Sessions (session_id) are not supported here.');
  const role = parameters.get('role');
  if (role !== null) throw ServerError.of(511, `There is no role \`${role}\`.`);
}

/** @returns false for the writer */
function isAnalyst(
  message: IncomingMessage,
  parameters: URLSearchParams,
  { writer, analyst }: Users,
): boolean {
  const { user, password } = credentialsOf(message, parameters);
  const known = [writer, analyst].find((one) => one.user === user);
  if (known?.password !== password) {
    const reason = 'Authentication failed: password is incorrect, or there is no user with such name.';
    throw ServerError.of(516, `${user}: ${reason}`);
  }
  return known === analyst;
}

function credentialsOf(
  { headers }: IncomingMessage,
  parameters: URLSearchParams,
): { user: string; password: string } {
  const header = (name: string) => headers[name]?.toString();
  const basic = /^Basic (.*)$/i.exec(headers.authorization ?? '')?.[1];
  if (basic !== undefined) {
    const [user = '', ...rest] = Buffer.from(basic, 'base64').toString().split(':');
    return { user, password: rest.join(':') };
  }
  return {
    user: header('x-clickhouse-user') ?? parameters.get('user') ?? 'default',
    password: header('x-clickhouse-key') ?? parameters.get('password') ?? '',
  };
}
