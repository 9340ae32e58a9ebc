import { z } from 'zod';
import { isPlainObject, JSON_BOUND, jsonProblem, storedJson } from './canonical-json.ts';
import { BOUNDS } from './event.ts';
import type { Reading } from './numbers.ts';
import { broken } from './violation.ts';

const DAMAGED = /[\ufffd\p{Surrogate}]/u;
const STRING = broken('R14', 'must be a string');
const OBJECT = broken('R14', 'must be an object');
const ARRAY = broken('R14', 'must be an array');
const DAMAGED_TEXT = broken('text', 'must be well-formed Unicode without U+FFFD');

/** The sentence of a rule that asks for a property. */
export function missing(rule: string): string {
  return broken(rule, 'must be present and not empty');
}

const typeOr = (absent: string, type: string) => ({
  error: (issue: { readonly input?: unknown }) => (issue.input == null ? absent : type),
});

function textOf(absent: string | undefined, max: number) {
  const tooLong = broken('bounds', `must have at most ${max} characters (UTF-16 code units)`);
  const problemOf = (value: string): string | undefined => {
    if (value === '') return absent;
    if (value.length > max) return tooLong;
    return DAMAGED.test(value) ? DAMAGED_TEXT : undefined;
  };
  return z.string(typeOr(absent ?? STRING, STRING)).check((context) => {
    const message = problemOf(context.value);
    if (message !== undefined) context.issues.push({ code: 'custom', input: context.value, message });
  });
}

/** A string that must be there and not empty. */
export function requiredText(rule: string, max: number = BOUNDS.string) {
  return textOf(missing(rule), max);
}

/** A string that may be absent, null or empty. */
export const optionalText = textOf(undefined, BOUNDS.string).nullish();

/** One of `symbols`, otherwise it breaks the rule `unknown`; it must be there by rule `rule`. */
export function symbolOf<const S extends readonly string[]>(symbols: S, rule: string, unknown: string) {
  const absent = missing(rule);
  return z.enum(symbols, {
    error: ({ input }) =>
      input == null || input === '' ? absent : typeof input === 'string' ? unknown : STRING,
  });
}

/** A value that `read` understands. */
export function readable<T>(read: (value: unknown) => Reading<T>) {
  return z.unknown().transform((value, context): T => {
    const reading = read(value);
    if ('value' in reading) return reading.value;
    context.issues.push({ code: 'custom', input: value, message: reading.problem });
    return z.NEVER;
  });
}

/** An object that must be there; its unknown members are no concern of the rules. */
export function requiredObject<S extends z.core.$ZodLooseShape>(rule: string, shape: S) {
  return z.object(shape, typeOr(broken(rule, 'must be present'), OBJECT));
}

/** An object that may be absent or null. */
export function objectOf<S extends z.core.$ZodLooseShape>(shape: S) {
  return z.object(shape, OBJECT);
}

/** An array within the bound; its length is proven before its elements are read. */
export function arrayOf<E extends z.ZodType>(element: E, absent = ARRAY, min = 0, tooFew = ARRAY) {
  const tooMany = broken('bounds', `must have at most ${BOUNDS.array} elements`);
  return z
    .array(z.unknown(), typeOr(absent, ARRAY))
    .min(min, tooFew)
    .max(BOUNDS.array, tooMany)
    .pipe(z.array(element));
}

/** A free object, read as its stored JSON text. */
export const freeObject = readable((value): Reading<string> => {
  if (!isPlainObject(value)) return { problem: OBJECT };
  const problem = jsonProblem(value, { left: BOUNDS.json });
  if (problem !== undefined) return { problem };
  const text = storedJson(value);
  return Buffer.byteLength(text) > BOUNDS.json ? { problem: JSON_BOUND } : { value: text };
}).nullish();
