import { ANALYST_ROLE } from './access.ts';
import { identifier, literal } from './statement.ts';

/** What one request wants of its session. It can be sent to a thread. */
export interface SessionPlan {
  readonly queryId: string;
  /** Unique, unlike the query id that a client may choose: by it the query is found among the running ones. */
  readonly tag: string;
  readonly analyst: boolean;
  /** As GET: nothing may be written. */
  readonly readOnly: boolean;
  readonly database: string | undefined;
  readonly settings: readonly (readonly [name: string, value: string])[];
  /** Values of `{name:Type}`, escaped as in a TabSeparated field. */
  readonly params: readonly (readonly [name: string, value: string])[];
}

/**
 * The statements that make a fresh connection the session that `plan` describes. Settings come before the read-only mode that
 * bars some of them.
 */
export function preparation(plan: SessionPlan): string {
  const settings = plan.settings.filter(([name]) => name !== 'log_comment' && name !== 'readonly');
  return [
    ...(settings.length === 0 ? [] : [`SET ${settings.map(setting).join(', ')}`]),
    resumption(plan),
    ...(plan.database === undefined ? [] : [`USE ${identifier(plan.database)}`]),
    ...(plan.analyst ? [`SET ROLE ${ANALYST_ROLE}`] : []),
    ...readOnly(plan),
  ].join('; ');
}

/** The statements that give a session of an earlier request, with the same settings and names of parameters, to this one. */
const resumption = (plan: SessionPlan): string =>
  [
    `SET ${logComment(plan)}`,
    ...plan.params.map(([name, value]) => `SET param_${name} = ${literal(value)}`),
  ].join('; ');

/** `sql`, a single read, with all that makes it this request's in a session of an earlier one of its kind. */
export function resumed(plan: SessionPlan, sql: string): string {
  // Each statement takes the engine a third of a millisecond. Behind a format there can be no settings yet.
  if (plan.params.length === 0 && /\bFORMAT\s+\w+\s*$/i.test(sql))
    return `${sql}\nSETTINGS ${logComment(plan)}`;
  return `${resumption(plan)}; ${sql}`;
}

function logComment({ queryId, tag, settings }: SessionPlan): string {
  const comment = settings.find(([name]) => name === 'log_comment')?.[1] ?? '';
  return `log_comment = ${literal([comment, queryId, tag].filter(Boolean).join(' '))}`;
}

const setting = ([name, value]: readonly [string, string]): string => `${name} = ${literal(value)}`;

function readOnly(plan: SessionPlan): string[] {
  const asked = plan.settings.find(([name]) => name === 'readonly')?.[1];
  if (asked === '1') return ['SET readonly = 1'];
  return plan.analyst || plan.readOnly || asked === '2' ? ['SET readonly = 2'] : [];
}

/**
 * Cancels the query of a request. The engine makes its own query ids, so ours and the tag travel as log_comment; a query
 * that overwrites that in its own SETTINGS runs until its max_execution_time.
 */
export function killStatement(tag: string): string {
  return `KILL QUERY WHERE endsWith(Settings['log_comment'], ${literal(tag)}) ASYNC FORMAT Null`;
}
