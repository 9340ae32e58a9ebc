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

const score = (id: string, balances: string): string =>
  JSON.stringify({ app_id: 'tt1', id, name: 'beans', dimension: 'order', balances });
const membership = (id: string, members: string): string =>
  JSON.stringify({ app_id: 'tt1', id, desc: 'gold', dimension: 'order', discount_amount: 100, members });

describe('what is wrong with a file', () => {
  it('is told together with what is wrong with the files beside it', async () => {
    file('gold.ndjson', '"o1"', '5');
    file('beans.ndjson', '{"open_id":"o1","value":1}', '{"open_id":"o2"}');
    const path = file(
      'broken.yaml',
      `memberships: [${membership('m1', 'gold.ndjson')}, {"members": "../gold.ndjson"}]`,
      `scores: [${score('s1', 'absent.ndjson')}, ${score('s1', 'beans.ndjson')}, 7]`,
    );
    expect(await problemsOf(path)).toEqual([
      'memberships[1].app_id must be present',
      'memberships[1].id must be present',
      'memberships[1].desc must be present',
      'memberships[1].dimension must be goods or order',
      'memberships[1].discount_amount must be present',
      'memberships[1].members must be the name of a file beside the catalogue, without a path',
      'scores[2] must be an object',
      'scores[1] must not repeat the id of scores[0]',
      'gold.ndjson line 2: must be an open_id, or {"open_id": …}',
      expect.stringMatching(/^scores\[0\][.]balances can't be read: .*ENOENT: .*absent[.]ndjson'$/),
      'beans.ndjson line 2: value must be present',
    ]);
  });

  it('is told of every file that it names, also where one of them is not there', async () => {
    file('beans.ndjson', 'nonsense');
    const scores = [score('s1', 'absent.ndjson'), score('s2', 'beans.ndjson'), score('s3', 'beans.ndjson')];
    expect(await problemsOf(file('well.yaml', `scores: [${scores.join(', ')}]`))).toEqual([
      expect.stringMatching(/^scores\[0\][.]balances can't be read: .*ENOENT: .*absent[.]ndjson'$/),
      'beans.ndjson line 1: must be one JSON value',
    ]);
  });
});

describe('a file that names a buyer twice', () => {
  it('is told both lines of each', async () => {
    file('gold.ndjson', '"o1"', '', '{"open_id":"o2"}', '"o2"', '{"open_id":"o1"}', '"o1"', '"o3"');
    file('beans.ndjson', '{"open_id":"o1","value":1}', '{"open_id":"o1"}', '{"open_id":"o1","value":2}');
    const path = file(
      'twice.yaml',
      `memberships: [${membership('m1', 'gold.ndjson')}]`,
      `scores: [${score('s1', 'beans.ndjson')}]`,
    );
    expect(await problemsOf(path)).toEqual([
      'gold.ndjson line 4: must not name the buyer of line 3 again',
      'gold.ndjson line 5: must not name the buyer of line 1 again',
      'gold.ndjson line 6: must not name the buyer of line 1 again',
      'beans.ndjson line 2: value must be present',
      'beans.ndjson line 3: must not name the buyer of line 1 again',
    ]);
  });

  it('is told how many more, where there are many', async () => {
    const many = Array.from({ length: 5000 }, (_, n) => `"o${n}"`);
    file('gold.ndjson', ...many, ...many);
    const problems = await problemsOf(file('many.yaml', `memberships: [${membership('m1', 'gold.ndjson')}]`));
    expect(problems).toHaveLength(101);
    for (const problem of problems.slice(0, 100)) {
      const [, line, first] = /line (\d+): must not name the buyer of line (\d+) again$/.exec(problem) ?? [];
      expect(Number(line) - Number(first)).toBe(5000);
    }
    expect(problems.at(-1)).toBe('gold.ndjson: 4,900 more');
  });
});
