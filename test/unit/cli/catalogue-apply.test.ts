import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { run } from '../../../cli/program.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kaquan-catalogue-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, ...lines: readonly string[]): string {
  writeFileSync(join(folder, name), lines.join('\n'));
  return join(folder, name);
}

// Port 1 of the loopback: nobody listens there, so that what is refused is refused before anything is asked.
const env = { CLICKHOUSE_URL: 'http://127.0.0.1:1' };

/** What applying a catalogue is refused for, without the line that names it. */
async function problemsOf(path: string): Promise<string[]> {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  expect(await run(['catalogue', 'apply', path, '--dry-run'], { env, ...streams })).toBe(1);
  const [named, ...problems] = String(streams.stderr.read()).trimEnd().split('\n');
  expect(named).toBe(`kaquan: ${path} was not applied, because of its`);
  return problems.map((line) => line.trim());
}

describe('a file that is no YAML', () => {
  it('names each alias without an anchor, with its line', async () => {
    const path = file('aliases.yaml', 'coupon_batches: *batches', 'activities: []', 'scores: *scores');
    expect(await problemsOf(path)).toEqual([
      'line 1: *batches must have its anchor, &batches, before it',
      'line 3: *scores must have its anchor, &scores, before it',
    ]);
  });

  it('is not taken for one that goes on for ever', async () => {
    const ten = (name: string): string => `[${Array<string>(10).fill(`*${name}`).join(', ')}]`;
    const path = file('laughs.yaml', 'a: &a [1]', `b: &b ${ten('a')}`, `c: &c ${ten('b')}`, `d: ${ten('c')}`);
    expect(await problemsOf(path)).toEqual(['must not say so much by aliases of aliases']);
  });

  it('must not be several', async () => {
    expect(await problemsOf(file('two.yaml', 'scores: []', '---', 'activities: []'))).toEqual([
      'line 2: must be one document: --- begins another',
    ]);
  });

  it('is told what YAML says, with its place', async () => {
    expect(await problemsOf(file('twice.yaml', 'scores: []', 'scores: []'))).toEqual([
      'line 2: Map keys must be unique',
    ]);
  });
});
