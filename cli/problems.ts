import { CommandError } from './failure.ts';
import type { LineProblem } from './ndjson.ts';

/** Of how many problems of a file it is told which they are. */
export const SHOWN = 100;

/** Gathers the problems of a file with millions of lines: all are counted, the first are kept. */
export class FileProblems {
  readonly #name: string;
  readonly #kept: string[] = [];
  #count = 0;

  /** @param name how the file is called in messages */
  constructor(name: string) {
    this.#name = name;
  }

  add(problems: readonly LineProblem[]): void {
    for (const { line, message } of problems) {
      if (this.#count < SHOWN) this.#kept.push(`${this.#name} line ${line}: ${message}`);
      this.#count += 1;
    }
  }

  /** Problems of which only the number is known. */
  addUntold(count: number): void {
    this.#count += count;
  }

  /** One sentence each. */
  get lines(): readonly string[] {
    const more = this.#count - this.#kept.length;
    return more === 0 ? this.#kept : [...this.#kept, `${this.#name}: ${more.toLocaleString('en')} more`];
  }
}

/** @throws {CommandError} if there are any */
export function refuse(what: string, problems: readonly string[]): void {
  if (problems.length > 0) throw refusal(what, problems);
}

export function refusal(what: string, problems: readonly string[]): CommandError {
  // A file that two offers name has its problems once.
  const lines = [...new Set(problems)].map((line) => `  ${line}`).join('\n');
  return new CommandError(`${what} was not applied, because of its\n${lines}`);
}
