const OWN_NAMES: Readonly<Record<number, string>> = {
  62: 'SYNTAX_ERROR',
  73: 'UNKNOWN_FORMAT',
  164: 'READONLY',
  202: 'TOO_MANY_SIMULTANEOUS_QUERIES',
  243: 'NOT_ENOUGH_SPACE',
  307: 'TOO_MANY_BYTES',
  344: 'SUPPORT_IS_DISABLED',
  396: 'TOO_MANY_ROWS_OR_BYTES',
  394: 'QUERY_WAS_CANCELLED',
  511: 'UNKNOWN_ROLE',
  516: 'AUTHENTICATION_FAILED',
  1002: 'UNKNOWN_EXCEPTION',
};

/** An error as ClickHouse would tell it: `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly code: number;

  private constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }

  /** One of the front's own. */
  static of(code: keyof typeof OWN_NAMES, sentence: string): ServerError {
    return new ServerError(
      code,
      `Code: ${code}. DB::Exception: ${sentence} (${OWN_NAMES[code] ?? 'UNKNOWN'})`,
    );
  }

  /** What the engine threw. */
  static from(thrown: unknown): ServerError {
    if (thrown instanceof ServerError) return thrown;
    const text = clean(thrown instanceof Error ? thrown.message : String(thrown));
    const code = /Code: (\d+)\./.exec(text)?.[1];
    return code === undefined ? ServerError.of(1002, text) : new ServerError(Number(code), text);
  }
}

// The engine wraps an error in itself, also twice, and names the file that an insert's data were put in, and the query that
// has looked at a text.
const clean = (text: string): string =>
  text
    .trim()
    .replace(/^(Code: \d+\. DB::Exception: )\1+/, '$1')
    .replace(/: \(in file\/uri \S*\/spool\/[\da-f-]+\)/, '')
    .replace(': data for INSERT was parsed from file', '')
    .replace(/( \([A-Z_]+\))(?: \(version [\d.]+\)\.\1)+$/, '$1')
    .replace(/: In scope SELECT formatQuerySingleLine\('.*'\)(?=\. \(SYNTAX_ERROR\)$)/s, '');

const STATUS: readonly (readonly [status: number, codes: readonly number[]])[] = [
  // BAD_ARGUMENTS, CANNOT_PARSE_*, UNKNOWN_ELEMENT_IN_AST …, SYNTAX_ERROR, INCORRECT_DATA, TYPE_MISMATCH, BAD_QUERY_PARAMETER …
  [
    400,
    [
      6, 25, 26, 27, 36, 38, 41, 53, 62, 72, 117, 427, 456, 457, 632, 675, 676, 677, 678, 679, 467, 1, 43, 44,
      386,
    ],
  ],
  [400, [32, 33, 34, 35, 130, 131, 167, 168, 235, 376, 441, 452]],
  // UNKNOWN_USER, WRONG_PASSWORD, SET_NON_GRANTED_ROLE, AUTHENTICATION_FAILED, ACCESS_DENIED
  [403, [192, 193, 512, 516, 497]],
  // UNKNOWN_FUNCTION, _IDENTIFIER, _TYPE, _STORAGE, _TABLE, _AGGREGATE_FUNCTION, _FORMAT, _DATABASE, _SETTING, _ROLE …
  [404, [46, 47, 50, 56, 60, 63, 73, 81, 115, 336, 511]],
  [408, [159]],
  [413, [307, 577]],
  [501, [48, 344]],
  // TOO_MANY_SIMULTANEOUS_QUERIES, CANNOT_SCHEDULE_TASK, SOCKET_TIMEOUT
  [503, [202, 209, 439]],
];

/** The HTTP status that ClickHouse answers with for an error code. */
export function statusOf(code: number): number {
  return STATUS.find(([, codes]) => codes.includes(code))?.[0] ?? 500;
}
