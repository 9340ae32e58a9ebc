import { z } from 'zod';

/** The body of every answer: `code` 0 means taken; any other is the client's error, and `msg` its detail. */
export interface ReportAnswer {
  readonly code: number;
  readonly msg: string;
}

/** The codes that kaquan answers with. 有数 publishes none beside 0; these follow the HTTP statuses. */
export const CODES = {
  taken: 0,
  /** The body can't be read, or one of its events breaks a rule. */
  invalid: 400,
  /** A check of the query failed. */
  notAllowed: 401,
  /** The body or the array is too large. */
  tooLarge: 413,
  tooMany: 429,
  /** Try again later. */
  unavailable: 503,
} as const;

// Some clients of 有数's other interfaces read the code as a text.
const code = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number),
]);
const answer = z.looseObject({ code, msg: z.string().catch('') });

/** Reads an answer's body; undefined if it is none. */
export function parseAnswer(body: string): ReportAnswer | undefined {
  try {
    return answer.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}
