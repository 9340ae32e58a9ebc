/**
 * The codes by which ClickHouse refuses the rows that it was given, and not the request: each with its reason. A row
 * alone may be refused for these; a batch may be cut in two to find it. Every other code (a missing table, a full
 * disk, too many parts, memory, a read-only server) is no verdict on the rows: wait, and send the same rows again.
 */
export const DATA_CODES: ReadonlyMap<number, string> = new Map([
  [6, 'CANNOT_PARSE_TEXT: a value does not parse as its column'],
  [25, 'CANNOT_PARSE_ESCAPE_SEQUENCE: a broken escape in a value'],
  [26, 'CANNOT_PARSE_QUOTED_STRING: a string without its end'],
  [27, 'CANNOT_PARSE_INPUT_ASSERTION_FAILED: a delimiter is missing'],
  [32, 'ATTEMPT_TO_READ_AFTER_EOF: the last row ends early'],
  [33, 'CANNOT_READ_ALL_DATA: a row ends early'],
  [38, 'CANNOT_PARSE_DATE: not a date'],
  [41, 'CANNOT_PARSE_DATETIME: not a time'],
  [53, 'TYPE_MISMATCH: a value of another type than its column'],
  [69, 'ARGUMENT_OUT_OF_BOUND: a value outside the range of its column'],
  [70, 'CANNOT_CONVERT_TYPE: a value that its column cannot hold'],
  [72, 'CANNOT_PARSE_NUMBER: not a number'],
  [117, 'INCORRECT_DATA: bytes that are not of the named format'],
  [128, 'TOO_LARGE_ARRAY_SIZE: a length prefix that cannot be'],
  [131, 'TOO_LARGE_STRING_SIZE: a length prefix that cannot be'],
  [190, 'SIZES_OF_ARRAYS_DONT_MATCH: parallel arrays of different lengths'],
  [321, 'VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE: a number too large for its column'],
  [349, 'CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN: a null where none may be'],
  [376, 'CANNOT_PARSE_UUID: not a UUID'],
  [407, 'DECIMAL_OVERFLOW: an amount too large for its column'],
  [467, 'CANNOT_PARSE_BOOL: not a boolean'],
  [469, 'VIOLATED_CONSTRAINT: a row breaks a constraint of the table'],
  [691, 'UNKNOWN_ELEMENT_OF_ENUM: a symbol that the column does not know'],
]);

/** Avro's library throws outside ClickHouse's own codes; they arrive under this one. */
const STD_EXCEPTION = 1001;

/**
 * ClickHouse answered, and refused. `message` names code, type and status, and quotes the server's text only where
 * that cannot hold rows; `detail` is the server's whole text, which may quote data: never log it.
 */
export class ClickHouseError extends Error {
  override readonly name = 'ClickHouseError';
  /** ClickHouse's number, such as 60; 0 when the answer carried none (a proxy's page). */
  readonly code: number;
  /** ClickHouse's name of the code, such as UNKNOWN_TABLE; '' when the answer carried none. */
  readonly type: string;
  /** The HTTP status; 200 when the error came inside an answer that had begun. */
  readonly status: number;
  declare readonly detail: string;

  constructor(code: number, type: string, status: number, detail: string) {
    const quoted = DATA_CODES.has(code) || code === STD_EXCEPTION ? '' : `: ${firstWords(detail)}`;
    super(`ClickHouse refused with ${type || 'no type'} (code ${code}, HTTP ${status})${quoted}`);
    this.code = code;
    this.type = type;
    this.status = status;
    Object.defineProperty(this, 'detail', { value: detail, enumerable: false });
  }
}

/** No answer: the connection failed or broke, or the time was up. Whether the server did the work is unknown. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly kind: 'connection' | 'timeout';

  constructor(kind: 'connection' | 'timeout', message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

/** True when ClickHouse refused the rows themselves: sending the same rows again cannot succeed. */
export function isDataRefusal(error: unknown): error is ClickHouseError {
  if (!(error instanceof ClickHouseError)) return false;
  return DATA_CODES.has(error.code) || (error.code === STD_EXCEPTION && error.detail.includes('avro::'));
}

/** Reads ClickHouse's error text, such as `Code: 60. DB::Exception: … (UNKNOWN_TABLE) (version …)`. */
export function parseClickHouseError(text: string, status: number, codeHeader?: string): ClickHouseError {
  const code = Number(codeHeader ?? /Code: (\d+)/.exec(text)?.[1] ?? 0);
  const types = [...text.matchAll(/\(([A-Z][A-Z0-9_]{2,})\)/g)];
  return new ClickHouseError(code, types.at(-1)?.[1] ?? '', status, text.trim());
}

/** The start of the server's text: what is wrong, without the query that it quotes at length behind. */
function firstWords(detail: string): string {
  const text = detail.replace(/^Code: \d+\. DB::Exception: /, '').replaceAll(/\s+/g, ' ');
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
