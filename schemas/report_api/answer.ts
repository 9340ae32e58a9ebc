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

const WHOLE_NUMBER = /^-?\d+$/;

/** Reads an answer's body; undefined if it is none. Written out, because every array that is sent has one. */
export function parseAnswer(body: string): ReportAnswer | undefined {
  try {
    // What is no object has neither.
    const { code, msg } = Object(JSON.parse(body)) as Partial<Record<keyof ReportAnswer, unknown>>;
    const number = codeOf(code);
    return number === undefined ? undefined : { code: number, msg: typeof msg === 'string' ? msg : '' };
  } catch {
    return undefined;
  }
}

// Some clients of 有数's other interfaces read the code as a text.
function codeOf(code: unknown): number | undefined {
  if (typeof code === 'number' && Number.isFinite(code)) return code;
  return typeof code === 'string' && WHOLE_NUMBER.test(code) ? Number(code) : undefined;
}
