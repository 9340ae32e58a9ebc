import { z } from 'zod';
import { isPlainObject, jsonProblem, storedJson } from './canonical-json.ts';
import { BOUNDS } from './event.ts';
import { JSON_BOUND } from './fields.ts';
import type { Path } from './violation.ts';

/** Which members the rules know: of an object by name, of an array those of each element, of a leaf none. */
export type Known = KnownObject | KnownArray | undefined;

interface KnownObject {
  readonly members: ReadonlyMap<string, Known>;
}

interface KnownArray {
  readonly each: Known;
}

/** The members that a schema's objects know, read off the schema itself. */
export function knownMembers(schema: z.core.$ZodType): Known {
  if (schema instanceof z.ZodObject) {
    const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
    return { members: new Map(Object.entries(shape).map(([key, member]) => [key, knownMembers(member)])) };
  }
  if (schema instanceof z.ZodArray) return { each: knownMembers(schema.element) };
  if (schema instanceof z.ZodOptional) return knownMembers(schema.unwrap());
  if (schema instanceof z.ZodNullable) return knownMembers(schema.unwrap());
  return schema instanceof z.ZodPipe ? knownMembers(schema.out) : undefined;
}

/** Called for each unknown property that can't be kept. */
export type Report = (path: Path, problem: string) => void;

type Unknown = Record<string, unknown>;

/**
 * The members of `value` that `known` has not, each in its place; an array's elements under their index. Undefined if
 * there are none.
 */
export function unknownMembers(
  value: unknown,
  known: Known,
  path: Path,
  report: Report,
): Unknown | undefined {
  return membersOf(value, known, [...path], report);
}

/** `path` is where the walk is: pushed to and popped from, never kept. */
function membersOf(value: unknown, known: Known, path: PropertyKey[], report: Report): Unknown | undefined {
  if (known === undefined) return undefined;
  if ('each' in known) return Array.isArray(value) ? ofArray(value, known.each, path, report) : undefined;
  return isPlainObject(value) ? ofObject(value, known.members, path, report) : undefined;
}

function ofObject(object: Unknown, known: ReadonlyMap<string, Known>, path: PropertyKey[], report: Report) {
  let found: Unknown | undefined;
  for (const key of Object.keys(object)) {
    const inside = known.get(key);
    if (inside === undefined && known.has(key)) continue;
    path.push(key);
    const member =
      inside === undefined ? kept(object[key], path, report) : membersOf(object[key], inside, path, report);
    path.pop();
    if (member !== undefined) (found ??= emptyUnknown())[key] = member;
  }
  return found;
}

function ofArray(
  array: readonly unknown[],
  known: Known,
  path: PropertyKey[],
  report: Report,
): Unknown | undefined {
  let found: Unknown | undefined;
  for (let index = 0; index < Math.min(array.length, BOUNDS.array); index += 1) {
    path.push(index);
    const member = membersOf(array[index], known, path, report);
    path.pop();
    if (member !== undefined) (found ??= emptyUnknown())[String(index)] = member;
  }
  return found;
}

/** A member may be called `__proto__`: without a prototype it is a member like any other. */
const emptyUnknown = (): Unknown => Object.create(null) as Unknown;

function kept(value: unknown, path: Path, report: Report): unknown {
  if (value === null || value === undefined) return undefined;
  const problem = jsonProblem(value, BOUNDS.json);
  if (problem === undefined) return value;
  report([...path], problem);
  return undefined;
}

/** The stored JSON text of unknown members, null if there are none. */
export function unknownText(members: Unknown | undefined, path: Path, report: Report): string | null {
  if (members === undefined) return null;
  const problem = jsonProblem(members, BOUNDS.json);
  const text = problem === undefined ? storedJson(members) : '';
  if (problem !== undefined || Buffer.byteLength(text) > BOUNDS.json) report(path, problem ?? JSON_BOUND);
  return text;
}
