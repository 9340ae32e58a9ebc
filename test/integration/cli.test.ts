import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;

// Port 1 of the loopback: nobody listens there.
const NOBODY = { KAFKA_BROKERS: '127.0.0.1:1', CLICKHOUSE_URL: 'http://127.0.0.1:1' };

function kaquan(args: string[], env: Record<string, string> = {}) {
  // The file itself, not node with it: the shebang and the mode belong to what is tested.
  const { status, stdout, stderr } = spawnSync(main, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { code: status, out: stdout, err: stderr };
}

describe('the built command', () => {
  it('runs by its own name', () => {
    expect(kaquan(['--help'])).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('Usage: kaquan'),
    });
  });

  it('says which parts are away, and what to do', () => {
    const { code, out, err } = kaquan(['status'], NOBODY);
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toContain('Kafka does not answer at 127.0.0.1:1 (KAFKA_BROKERS). Start it with kaquan stack');
    expect(out).toContain('ClickHouse does not answer at http://127.0.0.1:1 (CLICKHOUSE_URL). Start it with');
  });

  it('says so in one JSON document too', () => {
    const { code, out } = kaquan(['status', '--json'], NOBODY);
    expect(code).toBe(1);
    const groups = [
      { group: 'orders', lag: null },
      { group: 'report', lag: null },
    ];
    expect(JSON.parse(out)).toMatchObject({ well: false, groups });
  });

  it.each([['migrate'], ['sql', 'SELECT 1']])('tells a failure of %s in one sentence', (...args) => {
    const { code, out, err } = kaquan(args, NOBODY);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(
      /^kaquan: (Kafka|ClickHouse) does not answer at .*\. Start it with kaquan stack, .*\n$/,
    );
  });

  it.each([
    ['serve marketing', /^kaquan: MARKETING_SIGNATURE=rsa needs .*\n$/],
    ['consume report', /^kaquan: REPORT_URL is not set.*\n$/],
  ])('asks V8 of %s for nothing that it does not know', (command, only) => {
    expect(kaquan(command.split(' '), NOBODY).err).toMatch(only);
  });

  it('shows a stack trace only to who debugs', () => {
    expect(kaquan(['sql', 'SELECT 1'], { ...NOBODY, KAQUAN_DEBUG: '1' }).err).toContain('\n    at ');
  });
});
