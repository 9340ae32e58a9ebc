import { BOUNDS } from './event.ts';
import { broken } from './violation.ts';

/** A value that was read, or the rule it breaks. */
export type Reading<T> = { readonly value: T } | { readonly problem: string };

const NUMBER_TEXT = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-])\d+)?$/;
const AMOUNT = broken('R6', 'must be an amount in yuan, not negative, with at most 2 decimals');
const AMOUNT_BOUNDS = broken('bounds', `must be at most ${BOUNDS.payAmt / 100} yuan`);

/**
 * Reads an amount in yuan, a decimal text or a JSON number, as integer fen. A number is read through its shortest
 * decimal text, so no binary fraction is ever computed with, and nothing is rounded.
 */
export function readAmount(value: unknown): Reading<number> {
  if (typeof value !== 'string' && typeof value !== 'number') {
    return { problem: value == null || value === '' ? ABSENT_AMOUNT : AMOUNT };
  }
  if (value === '') return { problem: ABSENT_AMOUNT };
  const match = NUMBER_TEXT.exec(String(value));
  if (match === null) return { problem: AMOUNT };
  const [, sign, whole = '', fraction = '', exponent] = match;
  if (exponent !== undefined) return exponentAmount(typeof value === 'number' && sign === '', exponent);
  return decimalAmount(sign === '', whole.replace(/^0+/, ''), fraction.replace(/0+$/, ''));
}

const ABSENT_AMOUNT = broken('R3', 'must be present');

/** JavaScript writes exponents only from 1e21 and below 1e-6: all are too large, or have too many decimals. */
function exponentAmount(isNumber: boolean, sign: string): Reading<number> {
  return { problem: isNumber && sign === '+' ? AMOUNT_BOUNDS : AMOUNT };
}

function decimalAmount(positive: boolean, whole: string, fraction: string): Reading<number> {
  if (!positive || fraction.length > 2) return { problem: AMOUNT };
  const digits = whole + fraction.padEnd(2, '0');
  const fen = digits.length > 15 ? Number.POSITIVE_INFINITY : Number(digits);
  return fen > BOUNDS.payAmt ? { problem: AMOUNT_BOUNDS } : { value: fen };
}

const MILLIS_TEXT = /^[1-9]\d{12}$/;
const TIME = broken('R5', 'must be milliseconds since 1970, 13 digits');
const TIME_SECONDS = broken('R5', 'must be milliseconds since 1970, 13 digits: these are 10 digits, seconds');

/**
 * Reads a time of 13 digits, a text or a JSON number, as integer milliseconds since 1970.
 * @param absent the rule that an absent time breaks.
 */
export function readTime(value: unknown, absent: string): Reading<number> {
  if (value == null || value === '') return { problem: absent };
  if (typeof value !== 'string' && typeof value !== 'number') return { problem: TIME };
  const text = String(value);
  if (MILLIS_TEXT.test(text)) return { value: Number(text) };
  return { problem: /^\d{10}$/.test(text) ? TIME_SECONDS : TIME };
}

const SCENE = broken('R10', 'must be an integer of 32 bits, as a JSON number');

/** Reads a WeChat scene value. */
export function readScene(value: unknown): Reading<number> {
  return typeof value === 'number' && (value | 0) === value ? { value: value | 0 } : { problem: SCENE };
}
