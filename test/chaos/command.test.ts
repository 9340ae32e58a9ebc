import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, it } from '@jest/globals';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kaquan-chaos-command-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** `kaquan chaos`, and its output line by line. */
function start(minutes: number) {
  const child = spawn(process.execPath, [MAIN, 'chaos', '--seed', '3', '--minutes', String(minutes)], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const fault = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      // The first one says that all of it starts.
      if (lines.length === 3) resolve();
    });
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, lines, fault, ended };
}

const remaining = (): string[] =>
  execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((args) => args.includes(folder));

it('leaves nothing behind when it is interrupted in the midst of its faults', async () => {
  const { child, lines, fault, ended } = start(60);
  await fault;
  expect(remaining()).not.toEqual([]);
  child.kill('SIGINT');
  expect(await ended).toBe(1);
  expect(lines.at(-1)).toContain('nothing is proven');
  expect(remaining()).toEqual([]);
  expect(existsSync(folder) && readdirSync(folder)).toEqual([]);
}, 300_000);
