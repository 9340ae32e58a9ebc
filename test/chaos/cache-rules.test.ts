import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';

import { CouponOrderProducer } from '../../producers/coupon-order-producer.ts';
import { startClickHouseProxy, type ClickHouseProxy } from '../../runtime/faults/clickhouse-proxy.ts';
import { createRandom } from '../../runtime/process/random.ts';
import { endConsumers, kaquan } from '../e2e/kaquan.ts';
import {
  insertFailsBehindFold,
  killedWithTwoBatches,
  PARTITIONS,
  partitionComesBack,
  Play,
  thrownBatch,
  type Scenario,
} from './cache-rules.ts';
import { CACHE_MUTANTS } from './cache-mutants.ts';
import { figure } from './figures.ts';
import { mutatedBuild } from './mutated-build.ts';
import { oracleOf, proven } from './proof.ts';
import { startScene, type Scene } from './scene.ts';

const SCENARIOS = { thrownBatch, partitionComesBack, insertFailsBehindFold, killedWithTwoBatches };

let scene: Scene;
let proxy: ClickHouseProxy;
let backend: CouponOrderProducer;

beforeAll(async () => {
  scene = await startScene({ KAFKA_PARTITIONS: String(PARTITIONS), ORDERS_FLUSH_MS: '100' });
  const target = scene.stack.clickhouseUrl;
  proxy = await startClickHouseProxy({ target, random: createRandom('cache-rules', 'proxy') });
  backend = new CouponOrderProducer({ brokers: [scene.brokers], partitions: PARTITIONS });
}, 120_000);

// What a failed one left behind would play along in the next one.
afterEach(endConsumers);

afterAll(async () => {
  await Promise.allSettled([backend.close(), scene.stop()]);
  await proxy.stop();
}, 60_000);

const play = (scenario: Scenario, appId: string, main?: string): ReturnType<Scenario> =>
  scenario(new Play({ scene, proxy, backend, appId, ...(main !== undefined && { main }) }));

const happened: Record<string, number> = {};

it.each(Object.entries(SCENARIOS))(
  'goes through %s',
  async (name, scenario) => {
    Object.assign(happened, await play(scenario, `wx-${name}`));
  },
  180_000,
);

it('keeps every figure', async () => {
  await proven(scene.env, { scenario: "5 the library's own restarts", faults: happened });
}, 120_000);

/** CHAOS_MUTANTS names some of them, comma-separated; all unless told. */
const told = process.env['CHAOS_MUTANTS']?.split(',');
const MUTANTS = Object.entries(CACHE_MUTANTS).filter(([name]) => told?.includes(name) ?? true);

/** What was played by a mutated build, and has to be found out. */
const played: string[] = [];

it.each(MUTANTS)(
  'plays it without a rule: %s',
  async (name, { edits, fails }) => {
    const build = mutatedBuild(edits);
    try {
      for (const scenario of fails) {
        const appId = `wx-${name}-${scenario}`;
        await play(SCENARIOS[scenario], appId, build.main);
        played.push(appId);
      }
    } finally {
      build.remove();
    }
  },
  180_000,
);

it('finds each of those builds out, by the oracle and by the audit', async () => {
  const expected = MUTANTS.flatMap(([name, { fails }]) => fails.map((scenario) => `wx-${name}-${scenario}`));
  expect(played).toEqual(expected);
  const verdict = await oracleOf(scene.env);
  const differing = new Set(
    verdict.differences.map((one) => (one as { row: { app_id: string } }).row.app_id),
  );
  expect([...differing].sort()).toEqual([...expected].sort());
  const { code, stdout } = await kaquan(['audit', '--json'], scene.env);
  const { orders } = JSON.parse(stdout) as { orders: { differences: { app_id: string }[] } };
  expect(code).toBe(1);
  expect([...new Set(orders.differences.map(({ app_id: app }) => app))].sort()).toEqual([...expected].sort());
  figure({
    scenario: '5 a cache rule taken away',
    seeds: [],
    records: 0,
    events: 0,
    faults: { 'mutated builds found out': MUTANTS.length },
  });
}, 120_000);
