import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { createSchemas, eventIdText, framedId } from '../../schemas/index.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { createTopic, grownBeyond, readLog, type Logged } from './producers-log.ts';

const LONG_MS = 180_000;
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const TOPIC = 'coupon_order.v1';
const schemas = createSchemas();

let stack: TestStack;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kaquan-produce-'));
  stack = await startTestStack();
  await createTopic(stack.brokers, TOPIC, 4);
}, LONG_MS);

afterAll(async () => {
  await stack.stop();
  rmSync(folder, { recursive: true });
}, LONG_MS);

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [MAIN, 'produce', ...args], { env: { ...stack.env, ...env } });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const ended = once(child, 'close').then(([code]: unknown[]) => ({ code, out, err }));
  return { child, ended };
}

const produce = (...args: string[]) => start(args).ended;

/** What was added to the topic while `work` ran. */
async function added<T>(
  work: (size: number) => Promise<T>,
): Promise<{ readonly result: T; readonly log: Logged[] }> {
  const known = new Set(
    (await readLog(stack.brokers, TOPIC)).map(({ partition, offset }) => `${partition}/${offset}`),
  );
  const result = await work(known.size);
  const log = await readLog(stack.brokers, TOPIC);
  return { result, log: log.filter(({ partition, offset }) => !known.has(`${partition}/${offset}`)) };
}

function idIn({ value }: Logged): string | undefined {
  if (value === null) return undefined;
  const decoded = schemas.decodeEvent(framedId(value) ?? -1, value);
  return decoded.ok ? eventIdText(decoded.value.event_id) : undefined;
}

const report = (number: number): string =>
  JSON.stringify({
    coupon: {
      order_id: `F${number}`,
      order_time: 1700000000000,
      order_status: 'pay',
      coupon_batch_id: 'b',
      pay_amt: '9.00',
    },
    coupon_info: [{ coupon_id: 'c' }],
    page: 'pages/product',
    time: 1700000000000 + number,
    wx_user: { app_id: 'wx9d4f5f22a099f820', open_id: 'ogN6X0T' },
    chan: { chan_wxapp_scene: 1037 },
  });

describe('kaquan produce file', () => {
  it(
    'publishes the good lines, keeps the bad ones, and ends with 1',
    async () => {
      const path = join(folder, 'orders.ndjson');
      const rejects = join(folder, 'rejects.ndjson');
      const lines = Array.from({ length: 3000 }, (_, index) => report(index));
      lines[99] = '{"half":';
      lines[2998] = '{"type":"browse"}';
      writeFileSync(path, `\ufeff${lines.join('\r\n')}\r\n\r\n`);
      const { result, log } = await added(() => produce('file', path, '--rejects', rejects, '--json'));

      expect(result).toMatchObject({ code: 1, err: '' });
      expect(JSON.parse(result.out)).toMatchObject({
        lines: 3001,
        empty: 1,
        published: 2998,
        refused: 2,
        acknowledged_through: 3001,
        interrupted: false,
      });
      const kept = readFileSync(rejects, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown);
      expect(kept).toEqual([
        { line: 100, input: '{"half":', violations: [expect.objectContaining({ rule: 'json' })] },
        {
          line: 2999,
          input: { type: 'browse' },
          violations: expect.arrayContaining([expect.objectContaining({ rule: 'R1' })]),
        },
      ]);
      expect(new Set(log.map(idIn)).size).toBe(2998);
    },
    LONG_MS,
  );

  it(
    'says on standard error which rules were broken, and that a file would keep them',
    async () => {
      const path = join(folder, 'bad.ndjson');
      writeFileSync(path, `${report(1)}\n[]\n`);
      const { code, out, err } = await produce('file', path);
      expect(code).toBe(1);
      expect(out).toBe('published 1 reports of 2 lines, refused 1\n');
      expect(err).toMatch(
        /1 lines were refused, by rule; --rejects FILE keeps each of them:\n {2}R14 .*first in line 2:/,
      );
    },
    LONG_MS,
  );

  it(
    'stops at SIGINT, and says until which line all is acknowledged',
    async () => {
      const { result, log } = await added(async (size) => {
        const { child, ended } = start(['file', '-', '--json']);
        let number = 10_000;
        const write = (): boolean => child.stdin.write(`${report((number += 1))}\n`);
        const writing = setInterval(() => {
          for (let line = 0; line < 200; line += 1) write();
        }, 10);
        child.stdin.on('error', () => undefined);
        await grownBeyond(stack.brokers, TOPIC, size + 1000);
        child.kill('SIGINT');
        const end = await ended;
        clearInterval(writing);
        return end;
      });
      const through = Number(/All lines until (\d+) are acknowledged/.exec(result.err)?.[1]);
      expect(result.code).toBe(1);
      expect(through).toBeGreaterThan(0);
      expect(JSON.parse(result.out)).toMatchObject({
        interrupted: true,
        acknowledged_through: through,
        published: through,
      });
      const keys = new Set(log.map(({ key }) => key));
      expect(
        Array.from({ length: through }, (_, line) => keys.has(`wx9d4f5f22a099f820:F${10_001 + line}`)),
      ).not.toContain(false);
    },
    LONG_MS,
  );

  it(
    'says so when the file is not there, or Kafka is not',
    async () => {
      expect(await produce('file', join(folder, 'none'))).toMatchObject({
        code: 1,
        err: expect.stringContaining('ENOENT'),
      });
      expect(await produce('file', folder)).toMatchObject({
        code: 1,
        err: `kaquan: can't read ${folder}: it is a folder\n`,
      });
      const path = join(folder, 'unsent.ndjson');
      writeFileSync(path, report(1));
      const away = await start(['file', path], { KAFKA_BROKERS: '127.0.0.1:1' }).ended;
      expect(away).toMatchObject({ code: 1, out: '' });
      expect(away.err).toMatch(/^kaquan: Kafka does not answer at 127.0.0.1:1 .* Nothing was published\.\n$/);
    },
    LONG_MS,
  );
});

interface Summary {
  readonly events: number;
  readonly duplicates: number;
  readonly records: number;
  readonly refused: number;
  readonly poisoned: { readonly total: number };
}

describe('kaquan produce simulate', () => {
  const args = [
    'simulate',
    '--orders',
    '400',
    '--seed',
    '7',
    '--invalid',
    '0.05',
    '--json',
    '--until',
    new Date().toISOString(),
  ];

  it(
    'publishes what it counts, and the same bytes in the same order again',
    async () => {
      const { result, log } = await added(() => produce(...args));
      expect(result).toMatchObject({ code: 0, err: '' });
      const summary = JSON.parse(result.out) as Summary;
      expect(log).toHaveLength(summary.records);
      expect(summary.records).toBe(summary.events + summary.duplicates + summary.poisoned.total);
      expect(summary.poisoned.total).toBeGreaterThan(10);
      expect(Math.abs(summary.poisoned.total - summary.refused)).toBeLessThanOrEqual(1);

      const again = await added(() => produce(...args));
      const bytes = (records: readonly Logged[]) =>
        records.map(({ partition, key, value }) => ({ partition, key, value }));
      expect(bytes(again.log)).toEqual(bytes(log));
    },
    LONG_MS,
  );

  it(
    'goes on in real time at its rate',
    async () => {
      const before = Date.now();
      const live = [
        'simulate',
        '--orders',
        '0',
        '--rate',
        '150',
        '--for',
        '4',
        '--invalid',
        '0',
        '--late',
        '0',
        '--json',
      ];
      const { result, log } = await added(() => produce(...live));
      const summary = JSON.parse(result.out) as Summary;
      expect(summary.records).toBe(600);
      expect(log).toHaveLength(600);
      expect(Date.now() - before).toBeGreaterThan(3900);
      expect(new Set(log.map(idIn)).size).toBe(summary.events);
    },
    LONG_MS,
  );

  it(
    'ends with its summary when it is interrupted, all of it acknowledged',
    async () => {
      const { result, log } = await added(async (size) => {
        const { child, ended } = start(['simulate', '--orders', '100', '--rate', '50', '--json']);
        // Beyond the backlog of about 330.
        await grownBeyond(stack.brokers, TOPIC, size + 450);
        child.kill('SIGINT');
        return ended;
      });
      expect(result).toMatchObject({ code: 0, err: '' });
      expect((JSON.parse(result.out) as Summary).records).toBe(log.length);
    },
    LONG_MS,
  );
});
