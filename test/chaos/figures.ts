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
}

/** Adds a line to the file that CHAOS_FIGURES names; `npm run chaos:full` makes a table of it. */
export function figure(one: Figure): void {
  const file = process.env['CHAOS_FIGURES'];
  if (file) appendFileSync(file, `${JSON.stringify(one)}\n`);
}

/** A setting of the suites: small unless told, so that a selection of all scenarios takes minutes. */
export const scale = (name: string, unlessTold: number): number => Number(process.env[name] || unlessTold);
