/** One broken rule of a report. It never holds a value of the report, only types and lengths. */
export interface Violation {
  /** The place in the input, such as `props.coupon_info[0].coupon_id`; empty for the input itself. */
  readonly path: string;
  /** The rule's code: R1–R14, A1, A8, `text`, `bounds`; a warning's: `legacy_key`, `order_time_after_time`. */
  readonly rule: string;
  /** The rule as a sentence without its subject: `must be …`. */
  readonly message: string;
  /** What lies at the place: a type, with the length where it has one, such as `string(5)`, `array(0)`, `absent`. */
  readonly found: string;
}

export type Path = readonly PropertyKey[];

const MAX_KEY = 64;

/** A broken rule as schemas carry it: the code, a space, the sentence. */
export function broken(rule: string, sentence: string): string {
  return `${rule} ${sentence}`;
}

/** The violation that `problem` (of {@link broken}) is at `path` of `input`. */
export function violationAt(input: unknown, path: Path, problem: string): Violation {
  const space = problem.indexOf(' ');
  return {
    path: pathText(path),
    rule: problem.slice(0, space),
    message: problem.slice(space + 1),
    found: foundIn(valueAt(input, path)),
  };
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function foundIn(value: unknown): string {
  if (value === undefined) return 'absent';
  if (value === null) return 'null';
  if (typeof value === 'string') return `string(${value.length})`;
  if (Array.isArray(value)) return `array(${value.length})`;
  return typeof value;
}

function pathText(path: Path): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += (text === '' ? '' : '.') + String(key).slice(0, MAX_KEY);
  }
  return text;
}
