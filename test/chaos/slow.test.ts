import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { startNetwork, type Network } from '../../cli/chaos/network.ts';
import { simulate, startConsumer, startProcess } from '../e2e/kaquan.ts';
import { until } from '../integration/embedded-http.ts';
import { scale } from './figures.ts';
import { committedBy, lagOf } from './group-offsets.ts';
import { proven } from './proof.ts';
import { startScene, type Scene } from './scene.ts';

const ANSWER_MS = scale('CHAOS_SLOW_ANSWER_MS', 4000, 20_000);
const RATE = 5000;
const SECONDS = scale('CHAOS_SLOW_SECONDS', 10, 60);
const BATCH_BYTES = 2 * 1024 * 1024;
const MIB = 1024 * 1024;

/**
 * What a consumer with these settings may hold beyond its size at work. A batch of bytes and one more fetch wait, which
 * is no more than a batch, one batch is built and one is stored; a record becomes up to eight times its bytes as
 * objects, rows and buffers. The rest is room for the states in memory.
 */
const ALLOWED = 4 * BATCH_BYTES * 8 + 64 * MIB;

/**
 * Of its old generation, which V8 lets grow to several times of what is held as long as the machine has memory: that
 * would measure the machine. With this limit a consumer that holds more dies.
 */
const HEAP_LIMIT = `--max-old-space-size=${ALLOWED / MIB}`;

let network: Network;
let scene: Scene;

beforeAll(async () => {
  network = await startNetwork('slow');
  scene = await startScene(network.stack);
  network.connect(scene.stack.clickhouseUrl);
}, 120_000);

afterAll(async () => {
  await scene.stop();
  await network.stop();
}, 60_000);

/** Bytes of a process that are in memory. */
function residentBytes(pid: number | undefined): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) * 1024;
}

it('holds no more than its settings say while ClickHouse hardly answers, keeps its session, and catches up', async () => {
  const env = {
    ...scene.env,
    ...network.consumers,
    ORDERS_BATCH_BYTES: String(BATCH_BYTES),
    ORDERS_CACHE: '20000',
    NODE_OPTIONS: HEAP_LIMIT,
  };
  const consumer = startConsumer(env);
  await consumer.says('assigned');
  await simulate(scene.env, '--orders', '6000', '--seed', 'warm');
  await until(async () => ((await lagOf(scene.env, 'orders')) === 0 ? true : undefined), 60_000);
  const atWork = residentBytes(consumer.child.pid);

  const slow = network.requests.inject({ type: 'late_answer', ms: ANSWER_MS });
  const merchant = startProcess(scene.env, [
    ...['produce', 'simulate', '--orders', '0', '--seed', 'slow'],
    ...['--rate', String(RATE), '--for', String(SECONDS)],
  ]);
  const committed = await committedBy(scene.env, 'orders');
  let most = 0;
  const watching = setInterval(() => (most = Math.max(most, residentBytes(consumer.child.pid))), 100);
  let behind = 0;
  try {
    expect(await merchant.ended).toEqual({ code: 0, signal: null });
    behind = await lagOf(scene.env, 'orders');
    expect(behind).toBeGreaterThan(RATE);
    // Slowly it goes on: a batch takes some answers.
    const goesOn = async () => ((await committedBy(scene.env, 'orders')) > committed ? true : undefined);
    await until(goesOn, 12 * ANSWER_MS + 60_000);
    slow.remove();
    await until(async () => ((await lagOf(scene.env, 'orders')) === 0 ? true : undefined), 240_000);
  } finally {
    clearInterval(watching);
  }
  expect(most - atWork).toBeLessThan(ALLOWED);
  expect(consumer.log().split('"msg":"assigned"').length - 1).toBe(1);
  expect(consumer.log()).not.toMatch(/rebalancing|UNKNOWN_MEMBER_ID/);
  consumer.child.kill('SIGTERM');
  expect(await consumer.ended).toEqual({ code: 0, signal: null });
  await proven(scene.env, {
    scenario: '9 backpressure',
    seeds: ['slow'],
    faults: {
      'late answers': slow.hits(),
      'MiB more at most': Math.max(1, Math.ceil((most - atWork) / MIB)),
      'events behind': behind,
    },
  });
}, 1_800_000);
