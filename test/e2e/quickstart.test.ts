import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const MAIN = new URL('../../dist/cli/main.js', import.meta.url).pathname;

/** The parent of each process of this machine. */
function parents(): Map<number, number> {
  const found = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state !== 'Z') found.set(Number(name), Number(parent));
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

function descendants(root: number): number[] {
  const all = [...parents()];
  const found = [root];
  for (const pid of found) found.push(...all.filter(([, parent]) => parent === pid).map(([child]) => child));
  return found.slice(1);
}

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
};

async function until<T>(what: string, find: () => T | undefined, seconds: number): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`within ${seconds} s there was no ${what}`);
    await delay(50);
  }
}

class Up {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  errors = '';

  constructor(data: string, rate: number, env: Readonly<Record<string, string>> = {}) {
    const args = ['up', '--data', data, '--rate', String(rate), '--backlog', '300'];
    this.child = spawn(process.execPath, [MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        KAFKA_BROKERS: '127.0.0.1:0',
        CLICKHOUSE_URL: 'http://127.0.0.1:0',
        COLLECTOR_LISTEN: '127.0.0.1:0',
        MARKETING_LISTEN: '127.0.0.1:0',
        RECEIVER_LISTEN: '127.0.0.1:0',
        ...env,
      },
    });
    if (this.child.stdout)
      createInterface({ input: this.child.stdout }).on('line', (line) => this.lines.push(line));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('not started');
    return this.child.pid;
  }

  /** The first of the lines printed from now on that matches. */
  line(pattern: RegExp, seconds: number): Promise<RegExpExecArray> {
    const from = this.lines.length;
    return until(`line ${String(pattern)} (${this.errors})`, () => this.#find(pattern, from), seconds);
  }

  #find(pattern: RegExp, from: number): RegExpExecArray | undefined {
    for (const line of this.lines.slice(from)) {
      const found = pattern.exec(line);
      if (found) return found;
    }
    return undefined;
  }

  /** The id of its child that runs this command. */
  childRunning(command: string): number {
    const [pid] = [...parents()]
      .filter(([child, parent]) => parent === this.pid && commandOf(child).includes(command))
      .map(([child]) => child);
    if (pid === undefined) throw new Error(`no child runs ${command}`);
    return pid;
  }

  async figure(pattern: RegExp, atLeast: number, seconds: number): Promise<number> {
    let from = this.lines.length;
    return until(
      `figure ${String(pattern)} of ${atLeast}; last: ${this.lines.at(-1) ?? ''}`,
      () => {
        const found = this.#find(pattern, from);
        from = this.lines.length;
        const value = Number(found?.[1]?.replaceAll(',', ''));
        return value >= atLeast ? value : undefined;
      },
      seconds,
    );
  }
}

const gone = (pids: readonly number[], seconds: number): Promise<true> =>
  until(
    `end of ${pids.map((pid) => `${pid} ${commandOf(pid)}`).join('; ')}`,
    () => {
      const all = parents();
      return pids.some((pid) => all.has(pid)) ? undefined : true;
    },
    seconds,
  );

const EVENTS = /^events ([\d,]+) /;
const PAID = /last 5 min ([\d,]+) orders/;

const couponsIn = (answer: string): string[] =>
  (JSON.parse(answer) as { data: { coupon_info: { id: string }[] } }).data.coupon_info.map(({ id }) => id);

const couponsOf = (ask: string): string[] => couponsIn(spawnSync('sh', [ask], { encoding: 'utf8' }).stdout);

const answered = (coupons: string[]): string[] | undefined => (coupons.length > 0 ? coupons : undefined);

describe('kaquan up', () => {
  const data = mkdtempSync(join(tmpdir(), 'kaquan-up-'));
  let up: Up;

  beforeAll(() => {
    up = new Up(data, 200);
  });

  afterAll(async () => {
    up.child.kill('SIGKILL');
    await gone(descendants(up.pid), 30);
    rmSync(data, { recursive: true, force: true });
  }, 60_000);

  it('shows figures that move', async () => {
    await up.line(/^Kafka at 127\.0\.0\.1:\d+, ClickHouse at http/, 90);
    const [, collector = ''] = await up.line(/^The collector takes reports at (http:\S+)$/, 60);
    const checkOut = up.line(/^The check-out answers at .*; to ask it, signed: sh (\S+)$/, 60);
    const answer = await fetch(collector, { method: 'POST', body: '[]' });
    expect(await answer.json()).toEqual({ code: 0, msg: 'ok' });
    const [, ask = ''] = await checkOut;
    const events = await up.figure(EVENTS, 1000, 90);
    await up.figure(PAID, 1, 60);
    await up.figure(EVENTS, events + 200, 60);
    // A busy machine's check-out answers "no marketing" for a while: the order page must not wait.
    const offered = await until('coupon at the check-out', () => answered(couponsOf(ask)), 60);
    expect(offered).toEqual(['A', 'B', 'C', 'D'].map((name) => `coupon-${name}`));
  }, 300_000);

  it.each(['consume orders', 'produce simulate', 'serve collector', 'serve marketing', 'main.js stack'])(
    'goes on when %s is killed',
    async (command) => {
      const before = await up.figure(PAID, 1, 60);
      const killed = up.childRunning(command);
      const told = up.line(/was killed by SIGKILL; it starts again/, 30);
      process.kill(killed, 'SIGKILL');
      await told;
      // Paid orders of the last minutes: they must have come through every part since.
      await up.figure(PAID, before + 20, 120);
      expect(up.childRunning(command)).not.toBe(killed);
    },
    240_000,
  );

  it('refuses a second one on the same data, and says why', async () => {
    const second = new Up(data, 0);
    const [code] = (await once(second.child, 'exit')) as [number];
    expect(code).toBe(1);
    expect(second.errors).toMatch(/^kaquan: the data folder .* is in use by process \d+: stop that one/m);
  }, 60_000);

  it('refuses at once when a port is taken, and names it and its setting', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const second = new Up(join(data, 'second'), 0, { COLLECTOR_LISTEN: `127.0.0.1:${port}` });
    const [code] = (await once(second.child, 'exit')) as [number];
    taken.close();
    expect([code, second.lines]).toEqual([1, []]);
    expect(second.errors).toBe(
      `kaquan: 127.0.0.1:${port} (COLLECTOR_LISTEN) is taken by another process: stop that one, or set COLLECTOR_LISTEN to another port\n`,
    );
  }, 60_000);

  it('stops at Ctrl-C, and leaves no process', async () => {
    const all = descendants(up.pid);
    expect(all.length).toBeGreaterThanOrEqual(5);
    up.child.kill('SIGINT');
    const [code] = (await once(up.child, 'exit')) as [number];
    expect({ code, errors: up.errors }).toEqual({ code: 0, errors: '' });
    await gone(all, 1);
  }, 60_000);

  it('leaves no process either when it is killed itself, and publishes its history once', async () => {
    up = new Up(data, 200);
    await up.figure(EVENTS, 1, 120);
    expect(up.lines.join('\n')).not.toContain('publishing two weeks');
    expect(JSON.parse(readFileSync(join(data, 'backlog.json'), 'utf8'))).toMatchObject({ done: true });
    const all = descendants(up.pid);
    up.child.kill('SIGKILL');
    await gone(all, 15);
  }, 240_000);
});
