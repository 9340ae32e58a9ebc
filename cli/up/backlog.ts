import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** The simulated past of a data folder; the same one if publishing it was broken off. */
export interface Backlog {
  readonly seed: string;
  /** When it ends; ISO 8601. */
  readonly until: string;
  readonly done: boolean;
}

const SEED = 'kaquan';

/**
 * What is still to be published of the past, or undefined: none of it, if it was published before, or if events of
 * somebody else are there. An event that is published again changes no figure, so a broken-off backlog starts over.
 * @param events records that the topic has
 */
export function pendingBacklog(file: string, events: number, now: Date): Backlog | undefined {
  if (existsSync(file)) {
    const backlog = JSON.parse(readFileSync(file, 'utf8')) as Backlog;
    return backlog.done ? undefined : backlog;
  }
  return events > 0 ? undefined : { seed: SEED, until: now.toISOString(), done: false };
}

export function recordBacklog(file: string, backlog: Backlog): void {
  writeFileSync(file, `${JSON.stringify(backlog)}\n`);
}
