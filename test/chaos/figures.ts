import { appendFileSync } from 'node:fs';

/** What a scenario proved. */
export interface Figure {
  readonly scenario: string;
  readonly seeds: readonly string[];
  /** Records of the log. */
  readonly records: number;
  /** Events whose ids the oracle found where they belong. */
  readonly events: number;
  /** How often each fault really happened. */
  readonly faults: Readonly<Record<string, number>>;
  /** Offsets below the commits that no table accounts for, by the audit; absent: it is not about them. */
  readonly unaccounted?: number;
}

/** Adds a line to the file that CHAOS_FIGURES names; `npm run chaos:full` makes a table of them. */
export function figure(one: Figure): void {
  write(one);
}

/**
 * A setting of the suites, which says how much is done: `selection` by `npm run test:chaos`, so that all scenarios together take
 * minutes, and `full` by `npm run chaos:full`.
 * @param name of an environment variable that has the last word
 */
export function scale(name: string, selection: number, full: number): number {
  const value = Number(process.env[name] || (process.env['CHAOS_FULL'] ? full : selection));
  write({ setting: name, value });
  return value;
}

function write(line: object): void {
  const file = process.env['CHAOS_FIGURES'];
  if (file) appendFileSync(file, `${JSON.stringify(line)}\n`);
}
