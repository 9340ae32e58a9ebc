import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { lockData } from '../../../../runtime/embedded/data-lock.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../../../../runtime/embedded/process-identity.ts';

let folder: string;
let other: ChildProcess;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kaquan-lock-'));
  other = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'inherit'] });
  await once(other, 'spawn');
});
afterEach(async () => {
  await endOther();
  rmSync(folder, { recursive: true, force: true });
});

async function endOther(): Promise<void> {
  if (other.exitCode !== null) return;
  const exit = once(other, 'exit');
  other.stdin?.end();
  await exit;
}

const file = () => join(folder, 'stack.lock');
const GONE: ProcessIdentity = { pid: 2 ** 22 + 1, began: 'long ago' };
const living = (): ProcessIdentity => identityOf(other.pid ?? 0) ?? GONE;
const left = (claim: { owner: ProcessIdentity; parts: ProcessIdentity[] }) =>
  writeFileSync(file(), JSON.stringify(claim));

describe('lockData', () => {
  it('is one at a time', async () => {
    const lock = await lockData(folder);
    await expect(lockData(folder)).rejects.toThrow(
      `the data folder ${folder} is in use by process ${process.pid}: stop that one, or choose another with --data`,
    );
    lock.release();
    (await lockData(folder)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes over from a process that is gone, and from an earlier one with the number of a living one', async () => {
    left({ owner: GONE, parts: [] });
    (await lockData(folder)).release();
    left({ owner: { ...living(), began: 'before' }, parts: [] });
    (await lockData(folder)).release();
    left({ owner: living(), parts: [] });
    await expect(lockData(folder)).rejects.toThrow(`in use by process ${living().pid}`);
  });

  it('waits until what a killed one left behind is gone', async () => {
    const orphan = living();
    left({ owner: GONE, parts: [orphan] });
    const locking = lockData(folder);
    expect(await Promise.race([locking, new Promise((resolve) => setImmediate(resolve, 'waits'))])).toBe(
      'waits',
    );
    await endOther();
    const lock = await locking;
    expect(isAlive(orphan)).toBe(false);
    lock.release();
  });

  it('gives up waiting when it is told to', async () => {
    left({ owner: GONE, parts: [living()] });
    const ending = new AbortController();
    const locking = lockData(folder, ending.signal);
    ending.abort();
    await expect(locking).rejects.toThrow(/abort/i);
    expect(existsSync(file())).toBe(true);
  });

  it('lets one of many take over', async () => {
    left({ owner: GONE, parts: [] });
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockData(folder)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(['stack.lock']);
  });

  it('records the parts', async () => {
    const lock = await lockData(folder);
    lock.addPart(other.pid ?? 0);
    lock.addPart(GONE.pid);
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual({
      owner: identityOf(process.pid),
      parts: [living()],
    });
    lock.release();
  });
});
