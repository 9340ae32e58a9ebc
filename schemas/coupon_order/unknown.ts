import { z } from 'zod';
import { isPlainObject, jsonProblem, storedJson, type Budget } from './canonical-json.ts';
import { BOUNDS } from './event.ts';
import { broken, type Path } from './violation.ts';

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

/** Called for each broken rule. */
export type Report = (path: Path, problem: string) => void;

type Unknown = Record<string, unknown>;

/** Where a walk is, and what it may still keep. */
interface Walk {
  /** Pushed to and popped from, never kept. */
  readonly path: PropertyKey[];
  readonly budget: Budget;
  readonly report: Report;
}

const UNKNOWN_BOUND = broken(
  'bounds',
  `must have at most ${BOUNDS.json} bytes of unknown properties, as JSON text`,
);

/**
 * The members of `value`, which lies at `path`, that `known` has not, each in its place; an array's elements under their
 * index. Undefined if there are none. Those that can't be kept are reported.
 */
export function unknownMembers(
  value: unknown,
  known: Known,
  path: Path,
  report: Report,
): Unknown | undefined {
  const walk: Walk = { path: [...path], budget: { left: BOUNDS.json }, report };
  const members = membersOf(value, known, walk);
  if (walk.budget.left >= 0) return members;
  report(path, UNKNOWN_BOUND);
  return undefined;
}

function membersOf(value: unknown, known: Known, walk: Walk): Unknown | undefined {
  if (known === undefined) return undefined;
  if ('each' in known) return Array.isArray(value) ? ofArray(value, known.each, walk) : undefined;
  return isPlainObject(value) ? ofObject(value, known.members, walk) : undefined;
}

function ofObject(object: Unknown, known: ReadonlyMap<string, Known>, walk: Walk): Unknown | undefined {
  let found: Unknown | undefined;
  for (const key of Object.keys(object)) {
    const inside = known.get(key);
    if (inside === undefined && known.has(key)) continue;
    walk.path.push(key);
    const member = inside === undefined ? kept(object[key], walk) : membersOf(object[key], inside, walk);
    walk.path.pop();
    if (member !== undefined) (found ??= emptyUnknown())[key] = member;
  }
  return found;
}

function ofArray(array: readonly unknown[], known: Known, walk: Walk): Unknown | undefined {
  let found: Unknown | undefined;
  for (let index = 0; index < Math.min(array.length, BOUNDS.array); index += 1) {
    walk.path.push(index);
    const member = membersOf(array[index], known, walk);
    walk.path.pop();
    if (member !== undefined) (found ??= emptyUnknown())[String(index)] = member;
  }
  return found;
}

/** A member may be called `__proto__`: without a prototype it is a member like any other. */
const emptyUnknown = (): Unknown => Object.create(null) as Unknown;

function kept(value: unknown, { path, budget, report }: Walk): unknown {
  if (value === null || value === undefined || budget.left < 0) return undefined;
  const problem = jsonProblem(path.at(-1), budget) ?? jsonProblem(value, budget);
  if (problem === undefined) return value;
  if (budget.left >= 0) report([...path], problem);
  return undefined;
}

/** The stored JSON text of unknown members that lie below `path`. */
export function unknownText(members: Unknown, path: Path, report: Report): string {
  const text = storedJson(members);
  if (Buffer.byteLength(text) > BOUNDS.json) report(path, UNKNOWN_BOUND);
  return text;
}
