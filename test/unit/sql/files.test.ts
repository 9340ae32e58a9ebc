import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { migrationsIn, statementsIn } from '../../../sql/files.ts';

let directory: string;
let folder: URL;

const put = (name: string, text: string) => writeFile(join(directory, name), text);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kaquan-sql-'));
  folder = pathToFileURL(`${directory}/`);
});

afterEach(() => rm(directory, { recursive: true }));

describe('migrationsIn', () => {
  it('orders them by number, each with its statements and a checksum of every byte', async () => {
    await put('0002_b.sql', 'SELECT 2');
    await put('0001_a.sql', 'SELECT 1; SELECT 1');
    const before = await migrationsIn(folder);
    await put('0002_b.sql', 'SELECT 2 -- a note');
    const after = await migrationsIn(folder);
    expect(before.map(({ name, statements }) => [name, statements.length])).toEqual([
      ['0001_a.sql', 2],
      ['0002_b.sql', 1],
    ]);
    expect(after[0]).toEqual(before[0]);
    expect(after[1]?.checksum).not.toBe(before[1]?.checksum);
  });

  it('refuses a gap', async () => {
    await put('0001_a.sql', 'SELECT 1');
    await put('0003_c.sql', 'SELECT 3');
    await expect(migrationsIn(folder)).rejects.toThrow(
      '0003_c.sql: migrations are numbered without gaps; expected 2',
    );
  });

  it('refuses a number used twice', async () => {
    await put('0001_a.sql', 'SELECT 1');
    await put('0001_b.sql', 'SELECT 2');
    await expect(migrationsIn(folder)).rejects.toThrow('0001_b.sql: migrations are numbered');
  });

  it('refuses a name without a number', async () => {
    await put('notes.sql', 'SELECT 1');
    await expect(migrationsIn(folder)).rejects.toThrow('notes.sql: a migration is named like 0002_what.sql');
  });
});

describe('statementsIn', () => {
  it('puts values in their places, and leaves the parameters of ClickHouse alone', async () => {
    await put('v.sql', 'SELECT {time_zone}, {id:String}');
    const statements = await statementsIn(new URL('v.sql', folder), { time_zone: "'Asia/Shanghai'" });
    expect(statements).toEqual(["SELECT 'Asia/Shanghai', {id:String}"]);
  });
});
