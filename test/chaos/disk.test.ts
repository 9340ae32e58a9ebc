import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { hasCode } from '../../runtime/embedded/error-code.ts';
import { simulate, startConsumer } from '../e2e/kaquan.ts';
import { asking, until } from '../integration/embedded-http.ts';
import { scale } from './figures.ts';
import { lagOf } from './group-offsets.ts';
import { proven } from './proof.ts';
import { startScene, type Scene } from './scene.ts';

const DISK = '192m';

const data = mkdtempSync(join(tmpdir(), 'kaquan-disk-'));
const disk = join(data, 'clickhouse');
const isMounted = mounted();
let scene: Scene | undefined;

/** Whether ClickHouse has a small disk of its own now: only root may mount one. */
function mounted(): boolean {
  mkdirSync(disk);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', disk], { stdio: 'pipe' });
    return true;
  } catch (error) {
    process.stderr.write(`no small disk can be mounted, so a full one is not tried: ${String(error)}\n`);
    return false;
  }
}

beforeAll(async () => {
  if (isMounted) scene = await startScene({ ORDERS_BATCH_EVENTS: '500' }, { data });
}, 120_000);

afterAll(async () => {
  await scene?.stop();
  if (isMounted) execFileSync('umount', [disk]);
  rmSync(data, { recursive: true, force: true });
}, 60_000);

/** How often the disk fills up while rows are being stored. */
const RACES = scale('CHAOS_DISK_RACES', 10, 50);

const FULL = /no space left on device|not enough space|NOT_ENOUGH_SPACE|Cannot reserve/i;

it('waits for a disk that is full, says so, and goes on when there is room', async () => {
  if (scene === undefined) return;
  const { env } = scene;
  await simulate(env, '--orders', '2000', '--seed', 'disk');
  const consumer = startConsumer(env);
  await consumer.says('committed');
  const ballast = join(disk, 'ballast');
  for (let race = 0; race < RACES; race++) {
    // While what the one before has published is being stored.
    fill(ballast);
    rmSync(ballast);
    await simulate(env, '--orders', '200', '--seed', `race ${race}`);
  }
  fill(ballast);
  await simulate(env, '--orders', '4000', '--seed', 'full disk');
  await until(() => (FULL.test(consumer.log()) ? true : undefined), 120_000);
  expect(await lagOf(env, 'orders')).toBeGreaterThan(0);
  // A start finds no room either, and says so.
  const ask = asking(env['CLICKHOUSE_URL'] ?? '', 'kaquan');
  await ask({}, `INSERT INTO FUNCTION file('/dev/full', 'TSV') SELECT 1`).catch(() => undefined);
  await until(async () => {
    const answer = await ask({}, 'SELECT 1').catch(() => undefined);
    return answer !== undefined && /MiB are free and \d+ MiB have to be/.test(answer.text) ? true : undefined;
  }, 60_000);
  rmSync(ballast);
  await until(async () => ((await lagOf(env, 'orders')) === 0 ? true : undefined), 240_000);
  expect(consumer.child.exitCode).toBeNull();
  consumer.child.kill('SIGTERM');
  expect(await consumer.ended).toEqual({ code: 0, signal: null });
  const refusals = consumer
    .log()
    .split('\n')
    .filter((line) => FULL.test(line)).length;
  await proven(env, {
    scenario: '10 a full disk',
    seeds: ['disk'],
    faults: { 'inserts without room': refusals },
  });
}, 600_000);

/** Leaves no block of the disk free. */
function fill(file: string): void {
  const descriptor = openSync(file, 'w');
  try {
    for (;;) writeSync(descriptor, BLOCKS);
  } catch (error) {
    if (!hasCode(error, 'ENOSPC')) throw error;
  } finally {
    closeSync(descriptor);
  }
}

const BLOCKS = Buffer.alloc(65_536);
