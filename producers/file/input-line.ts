import type { Violation } from '../../schemas/index.ts';
import type { Line } from './line-splitter.ts';

/** A line of a file that could not be published. */
export interface Reject {
  /** Counted from 1. */
  readonly line: number;
  /** The line as JSON, or its text if it is none; of an over-long line the beginning. */
  readonly input: unknown;
  readonly violations: readonly Violation[];
}

export type ReadLine =
  | { readonly kind: 'empty' }
  | { readonly kind: 'report'; readonly line: number; readonly report: unknown }
  | { readonly kind: 'reject'; readonly reject: Reject };

const SHOWN = 1000;

/** Reads a line of NDJSON; what the report holds is not judged here. */
export function readLine({ number: line, bytes, tooLong }: Line): ReadLine {
  if (tooLong) return rejected(line, lossyText(bytes).slice(0, SHOWN), tooLongAt(bytes.length));
  const text = strictText(bytes);
  if (text === undefined) return rejected(line, lossyText(bytes), NOT_UTF8(bytes.length));
  if (text.trim() === '') return { kind: 'empty' };
  const report = parsed(text);
  if (report === undefined) return rejected(line, text, NOT_JSON(text.length));
  return { kind: 'report', line, report: report.value };
}

const rejected = (line: number, input: unknown, violation: Violation): ReadLine => ({
  kind: 'reject',
  reject: { line, input, violations: [violation] },
});

const violation = (rule: string, message: string, found: string): Violation => ({
  path: '',
  rule,
  message,
  found,
});

const tooLongAt = (bytes: number): Violation =>
  violation('line_length', `must have at most ${bytes} bytes`, 'more');
const NOT_UTF8 = (bytes: number): Violation => violation('utf8', 'must be valid UTF-8', `bytes(${bytes})`);
const NOT_JSON = (length: number): Violation =>
  violation('json', 'must be one JSON value', `text(${length})`);

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lossy = new TextDecoder('utf-8', { ignoreBOM: true });

const lossyText = (bytes: Buffer): string => lossy.decode(bytes);

function strictText(bytes: Buffer): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
