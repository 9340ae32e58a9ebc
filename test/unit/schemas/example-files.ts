import { readdirSync, readFileSync } from 'node:fs';
import type { Report } from '../../arbitrary/event.ts';

const FOLDER = new URL('../../../schemas/examples/', import.meta.url);

export interface InvalidExample {
  readonly violations: readonly { readonly path: string; readonly rule: string }[];
  readonly report: unknown;
}

/** The reports of `schemas/examples/valid`, by file name. */
export function validExamples(): [string, Report | Report['props']][] {
  return examples<Report | Report['props']>('valid/');
}

/** Those of `schemas/examples/invalid`: the report, and every rule it breaks. The first is in the file's name. */
export function invalidExamples(): [string, InvalidExample][] {
  return examples<InvalidExample>('invalid/');
}

function examples<T>(name: string): [string, T][] {
  const folder = new URL(name, FOLDER);
  const read = (file: string): T => JSON.parse(readFileSync(new URL(`${file}.json`, folder), 'utf8')) as T;
  return readdirSync(folder)
    .map((file) => file.replace(/\.json$/, ''))
    .sort()
    .map((file) => [file, read(file)]);
}
