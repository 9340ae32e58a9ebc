import { readFileSync } from 'node:fs';
import { z } from 'zod';

import type { Failure, FailureAnswer } from '../../runtime/http/failures.ts';
import { OperatorError } from '../../runtime/process/operator-error.ts';
import type { MarketingConfig } from './config.ts';

/** Why a request is not answered. */
export const REFUSALS = ['bad_request', 'unsigned', 'forged', 'expired', 'internal'] as const;
export type RefusalKind = (typeof REFUSALS)[number];

export interface Refusal {
  readonly kind: RefusalKind;
  /** What is wrong with this request; holds nothing of what it says. */
  readonly detail: string;
}

/** How the platform is told: `err_no`, the words of `err_tips`, and the HTTP status where it is not always 200. */
export interface RefusalForm {
  readonly err_no: number;
  readonly err_tips: string;
  readonly status: number;
}

export type RefusalTable = Readonly<Record<RefusalKind, RefusalForm>>;

/** The document names no error but 0, success: these numbers are our own. */
export const REFUSAL_TABLE: RefusalTable = {
  bad_request: { err_no: 400, err_tips: 'bad request', status: 400 },
  unsigned: { err_no: 401, err_tips: 'not signed', status: 401 },
  forged: { err_no: 401, err_tips: 'wrong signature', status: 401 },
  expired: { err_no: 401, err_tips: 'signed at another time', status: 401 },
  internal: { err_no: 500, err_tips: 'internal error', status: 500 },
};

const BODILESS = [204, 205, 304];
const STATUS = `must be an HTTP status from 200 to 599 whose answer has a body: not ${BODILESS.join(', ')}`;

/** An object's error: which members it may have. */
const having = (names: readonly string[]) => (issue: { readonly code?: string; readonly keys?: string[] }) =>
  issue.code === 'unrecognized_keys'
    ? `must not have ${(issue.keys ?? []).join(', ')}: its members are ${names.join(', ')}`
    : `must be an object of ${names.join(', ')}`;

const form = z.strictObject(
  {
    err_no: z
      .int('must be a whole number')
      .refine((value) => value !== 0, 'must not be 0, which means success')
      .exactOptional(),
    err_tips: z.string('must be a string').min(1, 'must not be empty').exactOptional(),
    status: z
      .int(STATUS)
      .refine((value) => value >= 200 && value <= 599 && !BODILESS.includes(value), STATUS)
      .exactOptional(),
  },
  { error: having(['err_no', 'err_tips', 'status']) },
);
const table = z.partialRecord(z.enum(REFUSALS), form, { error: having(REFUSALS) });

/**
 * The table, with what the JSON file of MARKETING_REFUSALS_FILE says instead, by kind and member.
 * @throws {OperatorError} naming each wrong place of the file
 */
export function refusalTable({
  MARKETING_REFUSALS_FILE: file,
}: Pick<MarketingConfig, 'MARKETING_REFUSALS_FILE'>): RefusalTable {
  if (file === undefined) return REFUSAL_TABLE;
  const parsed = table.safeParse(contentOf(file));
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `${path.join('.') || 'the file'} ${message}`,
    );
    throw new OperatorError(`MARKETING_REFUSALS_FILE=${file}: ${problems.join('; ')}`);
  }
  const formOf = (kind: RefusalKind): RefusalForm => ({ ...REFUSAL_TABLE[kind], ...parsed.data[kind] });
  return {
    bad_request: formOf('bad_request'),
    unsigned: formOf('unsigned'),
    forged: formOf('forged'),
    expired: formOf('expired'),
    internal: formOf('internal'),
  };
}

function contentOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    throw new OperatorError(`MARKETING_REFUSALS_FILE=${file} can't be read as JSON: ${String(error)}`, {
      cause: error,
    });
  }
}

/** How a refusal is told: the HTTP status and the body. */
export type RefusalForms = (refusal: Refusal) => { readonly status: number; readonly body: object };

/** @param always200 whether a refusal has HTTP status 200, like an answer */
export function refusalForms(forms: RefusalTable, always200: boolean): RefusalForms {
  return ({ kind, detail }) => {
    const { err_no, err_tips, status } = forms[kind];
    return { status: always200 ? 200 : status, body: { err_no, err_tips: `${err_tips}: ${detail}` } };
  };
}

/** The refusal that a failure is. */
export const refusalOf = ({ status, sentence }: Failure): Refusal => ({
  kind: status < 500 ? 'bad_request' : 'internal',
  detail: sentence,
});

/** What is no route of ours keeps its HTTP status; all else is told as a refusal. */
export function failureForm(forms: RefusalForms): FailureAnswer {
  return (failure) => {
    const { body, status } = forms(refusalOf(failure));
    return { status: failure.status === 404 ? 404 : status, body };
  };
}
