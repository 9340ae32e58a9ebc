import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';

import { run } from '../../../cli/program.ts';

async function kaquan(args: string[], env: Record<string, string> = {}) {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const code = await run(args, { env, ...streams });
  const read = (stream: PassThrough): string => String(stream.read() ?? '');
  return { code, out: read(streams.stdout), err: read(streams.stderr) };
}

const COMMANDS = [
  'up',
  'stack',
  'migrate',
  'produce',
  'produce file',
  'produce simulate',
  'consume',
  'consume orders',
  'consume report',
  'serve',
  'serve collector',
  'serve marketing',
  'serve report-receiver',
  'catalogue',
  'catalogue apply',
  'catalogue show',
  'redeem',
  'identities',
  'identities apply',
  'explain',
  'dlq',
  'dlq list',
  'dlq show',
  'dlq redrive',
  'status',
  'audit',
  'sql',
  'config',
];

describe('the command line', () => {
  it.each(COMMANDS)('explains %s with an example', async (command) => {
    const { code, out } = await kaquan([...command.split(' '), '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`Example:\\n {2}.*kaquan ${command}`));
  });

  it('lists every command with what it is for', async () => {
    const { code, out } = await kaquan(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS)
      expect(out).toMatch(new RegExp(`^ {2}${command.split(' ')[0]}\\b.* {2,}\\S`, 'm'));
  });

  it('tells its version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await kaquan(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });

  it('takes no command for wrong use, and shows the help', async () => {
    const { code, err } = await kaquan([]);
    expect(code).toBe(2);
    expect(err).toContain('Usage: kaquan');
  });

  it('suggests the command that was meant', async () => {
    const { code, err } = await kaquan(['statsu']);
    expect(code).toBe(2);
    expect(err).toContain('Did you mean status?');
  });

  it.each([
    ['an unknown option', ['status', '--jsno']],
    ['a missing argument', ['sql']],
    ['a rate that is no number', ['up', '--rate', 'fast']],
    ['an empty share', ['produce', 'simulate', '--late', '']],
    ['a share above one', ['produce', 'simulate', '--late', '1.1']],
    ['a time that is none', ['produce', 'simulate', '--until', 'tomorrow']],
    ['a group that is none', ['consume', 'nothing']],
  ])('takes %s for wrong use', async (_, args) => {
    const { code, out, err } = await kaquan(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^error: .*\n[\s\S]*Add --help/);
  });

  it('takes a broken setting for wrong use, and names it and its rule', async () => {
    const { code, out, err } = await kaquan(['status', '--json'], { KAFKA_PARTITIONS: 'four' });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('KAFKA_PARTITIONS: must be a whole number');
  });

  it('takes coupons that can not be for wrong use, and names each with its rule, before anything is stored', async () => {
    const ids = ['c-1', '', 'x'.repeat(1025)];
    const { code, out, err } = await kaquan(['redeem', ...ids], { CLICKHOUSE_URL: 'http://127.0.0.1:1' });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toBe(
      'kaquan: coupon_ids[1] must be present and not empty (string(0)); ' +
        'coupon_ids[2] must have at most 1024 characters (UTF-16 code units) (string(1025))\n',
    );
  });

  it('prints one JSON document and nothing else with --json', async () => {
    const { code, out, err } = await kaquan(['config', '--json']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toContainEqual(expect.objectContaining({ name: 'KAFKA_BROKERS', set: false }));
  });
});
