import { BOUNDS } from './event.ts';
import { broken } from './violation.ts';

/** Levels of objects and arrays that a free property may have. */
const MAX_DEPTH = 64;

export const JSON_BOUND = broken('bounds', `must have at most ${BOUNDS.json} bytes as JSON text`);

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * The canonical JSON (RFC 8785) of a JSON value, with null and undefined members of objects left out at every depth;
 * elements of arrays stay.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) return canonicalObject(value as Record<string, unknown>);
  return JSON.stringify(value);
}

function canonicalObject(object: Record<string, unknown>): string {
  let text = '';
  for (const key of Object.keys(object).sort()) {
    const value = object[key];
    if (value === null || value === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(value)}`;
  }
  return `{${text}}`;
}

/**
 * {@link canonicalJson} as it is stored: U+FFFD is written as its escape, because a raw one in an encoded value is the
 * mark of damaged UTF-8.
 */
export function storedJson(value: unknown): string {
  return canonicalJson(value).replaceAll('\ufffd', '\\ufffd');
}

/** How many characters JSON text may still have. */
export interface Budget {
  left: number;
}

/**
 * Says why `value` can't be kept as canonical JSON, or undefined if it can, and takes about the characters of its text
 * off `budget`. It stops as soon as nothing is left, so that shared or circular references cost no more than the bound.
 */
export function jsonProblem(value: unknown, budget: Budget): string | undefined {
  return problemOf(value, MAX_DEPTH, budget);
}

function problemOf(value: unknown, depth: number, budget: Budget): string | undefined {
  if (typeof value === 'string') return stringProblem(value, budget);
  if (value === null || typeof value === 'boolean') return spend(budget, 4);
  if (typeof value === 'number') {
    return Number.isFinite(value)
      ? spend(budget, 1)
      : broken('R14', 'must not hold numbers that JSON has not');
  }
  if (!Array.isArray(value) && !isPlainObject(value)) return broken('R14', 'must hold JSON values only');
  if (depth === 0) return broken('bounds', `must have at most ${MAX_DEPTH} levels`);
  return Array.isArray(value) ? arrayProblem(value, depth, budget) : objectProblem(value, depth, budget);
}

function arrayProblem(array: readonly unknown[], depth: number, budget: Budget): string | undefined {
  let problem = spend(budget, 2 + array.length);
  for (let index = 0; problem === undefined && index < array.length; index += 1) {
    problem = problemOf(array[index], depth - 1, budget);
  }
  return problem;
}

function objectProblem(object: Record<string, unknown>, depth: number, budget: Budget): string | undefined {
  let problem = spend(budget, 2);
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value === null || value === undefined) continue;
    problem ??= stringProblem(key, budget) ?? problemOf(value, depth - 1, budget);
    if (problem !== undefined) return problem;
  }
  return problem;
}

function stringProblem(text: string, budget: Budget): string | undefined {
  const problem = spend(budget, text.length + 2);
  if (problem !== undefined) return problem;
  return LONE_SURROGATE.test(text) ? broken('text', 'must hold well-formed Unicode') : undefined;
}

function spend(budget: Budget, length: number): string | undefined {
  budget.left -= length;
  return budget.left < 0 ? JSON_BOUND : undefined;
}

/** An object as `JSON.parse` or a literal makes it. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}
