import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { ORDERS_POINTS } from '../../consumers/orders/crash-points.ts';
import { REPORT_POINTS } from '../../consumers/report/crash-points.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { createRandom, type Random } from '../../runtime/process/random.ts';
import { done, endConsumers, numberOf, simulate, startConsumer, storeOf } from '../e2e/kaquan.ts';
import { startTestReceiver, type TestReceiver } from '../e2e/receiver.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { scale } from './figures.ts';
import { commitsOf, proven } from './proof.ts';

const SEEDS = Array.from({ length: scale('CHAOS_CRASH_SEEDS', 1, 5) }, (_, n) => `crash-${n + 1}`);
/** Of each group's ten; drawn from the seed. */
const POINTS = scale('CHAOS_CRASH_POINTS', 4, 10);

/** Refusals make dead letters, without which two of the points are never passed. */
const API = { seed: 'api', events: [{ share: 0.02, code: 1001 }] };

let stack: TestStack;
let clickhouse: ClickHouse;
let receiver: TestReceiver;
let env: Readonly<Record<string, string | undefined>>;

beforeAll(async () => {
  [stack, receiver] = await Promise.all([startTestStack(), startTestReceiver()]);
  clickhouse = storeOf(stack);
  await receiver.fail(API);
  env = {
    ...stack.env,
    ...receiver.env,
    KAFKA_SESSION_TIMEOUT_MS: '1500',
    ORDERS_BATCH_EVENTS: '100',
    ORDERS_FLUSH_MS: '20',
    REPORT_ARRAY_MAX: '20',
  };
  await done(['migrate'], stack.env);
}, 180_000);

afterAll(async () => {
  endConsumers();
  await Promise.all([clickhouse.close(), receiver.stop()]);
  await stack.stop();
}, 60_000);

/** The n-th passing at which to die: there is one assignment in a life, and few fetches. */
const passings = (point: string, random: Random): number =>
  /assigned|fetched|letters/.test(point) ? 1 : random.int(1, 4);

interface Kill {
  readonly point: string;
  /** Commits below which nothing is of the batch that died. */
  readonly commits: ReadonlyMap<number, number>;
  /** Orders that have stored events and no state: the batch died between two of its inserts. */
  readonly torn: number;
}

async function kill(group: string, point: string, passing: number): Promise<Kill> {
  const before = await commitsOf(env, group);
  const life = startConsumer({ ...env, CRASH_AT: `${point}:${passing}` }, ['--until-caught-up'], group);
  expect({ point, ...(await life.ended) }).toEqual({ point, code: null, signal: 'SIGKILL' });
  const commits = point.endsWith('/committed') ? before : await commitsOf(env, group);
  return { point, commits, torn: group === 'orders' ? await numberOf(clickhouse, TORN) : 0 };
}

const TORN = `
  SELECT uniqExact(app_id, order_id) FROM kaquan_store.events
  WHERE (app_id, order_id) NOT IN (SELECT app_id, order_id FROM kaquan_store.states)`;

/** Orders that were met for the first time at or above these commits: each changed a stored state. */
const metBeyond = (commits: ReadonlyMap<number, number>): string => `
  SELECT count() FROM
  (
      SELECT any(partition) AS partition, min(offset) AS first
      FROM kaquan_store.events GROUP BY app_id, order_id
  )
  WHERE first >= transform(partition, [${[-1, ...commits.keys()].join()}]::Array(Int64), [${[0, ...commits.values()].join()}]::Array(Int64), toInt64(0))`;

async function kills(seed: string, group: string, points: readonly string[]): Promise<Kill[]> {
  const random = createRandom(seed, group);
  const left = [...points];
  const found: Kill[] = [];
  while (found.length < Math.min(POINTS, points.length)) {
    const [point = ''] = left.splice(random.int(0, left.length - 1), 1);
    found.push(await kill(group, point, passings(point, random)));
  }
  return found;
}

it.each(SEEDS)(
  'loses and doubles nothing when a process dies at any step of a batch (seed %s)',
  async (seed) => {
    await simulate(stack.env, '--orders', '3000', '--seed', seed, '--invalid', '0.05');
    const [orders, report] = await Promise.all([
      kills(seed, 'orders', ORDERS_POINTS),
      kills(seed, 'report', REPORT_POINTS),
    ]);
    for (const group of ['orders', 'report'])
      expect(await startConsumer(env, ['--until-caught-up'], group).ended).toEqual({ code: 0, signal: null });
    for (const { point, commits } of [...orders, ...report])
      expect({ point, isWork: (await numberOf(clickhouse, metBeyond(commits))) > 0 }).toEqual({
        point,
        isWork: true,
      });
    const between = orders.filter(({ point }) => /events_stored|milestones_stored/.test(point));
    for (const { point, torn } of between)
      expect({ point, isTorn: torn > 0 }).toEqual({ point, isTorn: true });
    const faults = Object.fromEntries([...orders, ...report].map(({ point }) => [`killed at ${point}`, 1]));
    await proven(env, {
      scenario: '1 killed at each step',
      receipts: receiver.log,
      api: API,
      faults,
      seeds: [seed],
    });
  },
  600_000,
);
