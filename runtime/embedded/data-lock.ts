import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { hasCode } from './error-code.ts';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';

/** The claim of one process on a data folder. */
export interface DataLock {
  /** Records a process that must be gone before the folder can be used again. */
  addPart(pid: number): void;
  release(): void;
}

interface Claim {
  readonly owner: ProcessIdentity;
  readonly parts: readonly ProcessIdentity[];
}

/** What a killed stack left behind ends by itself; this is how long that may take. */
const ORPHANS_MS = 15_000;

/**
 * Claims `folder` for this process. A claim of a process that is gone is taken over, once its parts are gone too.
 * @throws {Error} a sentence that names the folder and the process that has it
 */
export async function lockData(folder: string, signal?: AbortSignal): Promise<DataLock> {
  mkdirSync(folder, { recursive: true });
  const file = join(resolve(folder), 'stack.lock');
  const owner = identityOf(process.pid);
  if (owner === undefined) throw new Error(`process ${process.pid} has no start time`);
  let claim: Claim = { owner, parts: [] };
  while (!claimed(file, claim)) await takeOver(file, folder, signal);
  return {
    addPart(pid) {
      const part = identityOf(pid);
      if (part === undefined || claim.parts.some(({ pid: known }) => known === pid)) return;
      claim = { owner, parts: [...claim.parts, part] };
      replace(file, claim);
    },
    release: () => rmSync(file, { force: true }),
  };
}

// A link appears whole, and only where there is none.
function claimed(file: string, claim: Claim): boolean {
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, JSON.stringify(claim));
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(mine, { force: true });
  }
}

function replace(file: string, claim: Claim): void {
  const next = `${file}.${process.pid}`;
  writeFileSync(next, JSON.stringify(claim));
  renameSync(next, file);
}

async function takeOver(file: string, folder: string, signal: AbortSignal | undefined): Promise<void> {
  const found = read(file);
  if (found === undefined) return;
  if (isAlive(found.claim.owner)) {
    throw new Error(
      `the data folder ${folder} is in use by process ${found.claim.owner.pid}: stop that one, or choose another with --data`,
    );
  }
  const deadline = performance.now() + ORPHANS_MS;
  for (const part of found.claim.parts) {
    while (isAlive(part)) {
      if (performance.now() > deadline) {
        throw new Error(
          `the data folder ${folder} is in use by process ${part.pid}, which a killed stack left behind: end it`,
        );
      }
      await sleep(50, undefined, { ...(signal && { signal }) });
    }
  }
  removeStale(file, found.text);
}

// Of two that take over at once, one must not remove the other's new claim: what is removed is looked at again.
function removeStale(file: string, text: string): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
    if (readFileSync(aside, 'utf8') !== text) linkSync(aside, file);
  } catch (error) {
    if (!hasCode(error, 'ENOENT') && !hasCode(error, 'EEXIST')) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function read(file: string): { text: string; claim: Claim } | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    return { text, claim: JSON.parse(text) as Claim };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
