import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { z } from 'zod';

import { readLine, type ReadLine } from '../producers/file/input-line.ts';
import { LineSplitter, type Line } from '../producers/file/line-splitter.ts';
import { pathText } from '../schemas/catalogue/catalogue-file.ts';
import { CommandError } from './failure.ts';

/** A line that breaks a rule. */
export interface LineProblem {
  /** Counted from 1. */
  readonly line: number;
  /** The field and its rule, such as `user_id must be a string`. */
  readonly message: string;
}

/** Some lines of a file, in their order. */
export interface Lines<T> {
  readonly values: readonly T[];
  /** The line of each value, counted from 1. */
  readonly numbers: readonly number[];
  readonly problems: readonly LineProblem[];
  /** How much of the file was read for them. */
  readonly bytes: number;
}

const LINE_BYTES = 65_536;
// What is read at once is stored at once: some ten thousand rows make an insert worth its while.
const CHUNK_BYTES = 2_097_152;

/** A file can't be read. */
export class UnreadableError extends CommandError {
  /** As the system says it. */
  readonly reason: string;

  constructor(path: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`can't read ${path}: ${reason}`);
    this.reason = reason;
  }
}

/**
 * Reads NDJSON in constant memory, one value of `schema` a line; empty lines are skipped.
 * @throws {UnreadableError} if the file can't be read
 */
export async function* readNdjson<T>(path: string, schema: z.ZodType<T>): AsyncGenerator<Lines<T>> {
  const splitter = new LineSplitter(LINE_BYTES);
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES }))
      yield linesOf(splitter.push(chunk as Buffer), schema, (chunk as Buffer).length);
    yield linesOf(splitter.end(), schema, 0);
  } catch (error) {
    throw new UnreadableError(path, error);
  }
}

/** @throws {UnreadableError} if the file can't be read */
export async function bytesOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    throw new UnreadableError(path, error);
  }
}

function linesOf<T>(lines: readonly Line[], schema: z.ZodType<T>, bytes: number): Lines<T> {
  const values: T[] = [];
  const numbers: number[] = [];
  const problems: LineProblem[] = [];
  for (const line of lines) {
    const read = valueOf(readLine(line), schema);
    if ('value' in read) {
      values.push(read.value);
      numbers.push(line.number);
    }
    for (const message of read.problems ?? []) problems.push({ line: line.number, message });
  }
  return { values, numbers, problems, bytes };
}

type Read<T> = { readonly value: T; readonly problems?: never } | { readonly problems: readonly string[] };

function valueOf<T>(read: ReadLine, schema: z.ZodType<T>): Read<T> {
  if (read.kind === 'empty') return { problems: [] };
  if (read.kind === 'reject') return { problems: read.reject.violations.map(({ message }) => message) };
  const result = schema.safeParse(read.report);
  if (result.success) return { value: result.data };
  return {
    problems: result.error.issues.map(({ path, message }) => `${pathText(path)} ${message}`.trim()),
  };
}
