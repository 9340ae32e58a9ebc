import type { Reject } from './input-line.ts';

/** The lines that break one rule. */
export interface BrokenRule {
  readonly rule: string;
  lines: number;
  /** The first of them, counted from 1. */
  readonly first: number;
  /** Where in it, and what the rule says. */
  readonly example: string;
}

/** What became of a file. */
export class FileSummary {
  /** Lines read, empty ones included. */
  lines = 0;
  empty = 0;
  /** Reports that Kafka's in-sync replicas have. */
  published = 0;
  refused = 0;
  /** Of all lines until this one (counted from 1) it is known what became of them. */
  doneThrough = 0;
  readonly rules = new Map<string, BrokenRule>();

  refuse({ line, violations }: Reject): void {
    this.refused += 1;
    for (const rule of new Set(violations.map((violation) => violation.rule))) {
      const known = this.rules.get(rule);
      if (known !== undefined) known.lines += 1;
      else this.rules.set(rule, { rule, lines: 1, first: line, example: exampleOf(rule, violations) });
    }
  }
}

function exampleOf(rule: string, violations: Reject['violations']): string {
  const { path, message, found } = violations.find((violation) => violation.rule === rule) ?? {};
  return `${path || 'the line'} ${message ?? ''} (found: ${found ?? ''})`;
}
