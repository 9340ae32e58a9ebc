import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, expect, it } from '@jest/globals';

import { startNetwork, type Network } from '../../cli/chaos/network.ts';
import { connectKafka } from '../../cli/connections.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { HttpFault, InjectedHttp } from '../../runtime/faults/clickhouse-proxy.ts';
import type { KafkaAdmin } from '../../runtime/kafka/admin.ts';
import { TOPIC } from '../../schemas/coupon_order/topic.ts';
import { done, endConsumers, numberOf, simulate, startConsumer, storeOf } from '../e2e/kaquan.ts';
import { startTestReceiver, type TestReceiver } from '../e2e/receiver.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { scale } from './figures.ts';
import { proven } from './proof.ts';

const SEED = 'clickhouse-1';
const ORDERS = scale('CHAOS_CLICKHOUSE_ORDERS', 1200, 10_000);
/** How long the table is missing. */
const MISSING_MS = scale('CHAOS_MISSING_MS', 3000, 60_000);
/** How often each refusal happens before the next one. */
const REFUSED_TIMES = scale('CHAOS_REFUSED_TIMES', 2, 10);

let network: Network;
let stack: TestStack;
let store: ClickHouse;
let admin: KafkaAdmin;
let receiver: TestReceiver;
let env: Readonly<Record<string, string | undefined>>;

beforeEach(async () => {
  network = await startNetwork(SEED);
  [stack, receiver] = await Promise.all([startTestStack({ env: network.stack }), startTestReceiver()]);
  network.connect(stack.clickhouseUrl);
  await done(['migrate'], stack.env);
  store = storeOf(stack);
  admin = await connectKafka(stack.env);
  env = {
    ...stack.env,
    ...network.consumers,
    ...receiver.env,
    REPORT_URL: network.connectApi(receiver.url),
    KAFKA_SESSION_TIMEOUT_MS: '6000',
    ORDERS_BATCH_EVENTS: '100',
    REPORT_ARRAY_MAX: '20',
    ORDERS_FLUSH_MS: '20',
  };
}, 180_000);

afterEach(async () => {
  endConsumers();
  await Promise.allSettled([store.close(), admin.close(), receiver.stop()]);
  await stack.stop();
  await network.stop();
}, 60_000);

const isInsert = (sql: string): boolean => sql.startsWith('INSERT');

const publish = () => simulate(stack.env, '--orders', String(ORDERS), '--seed', SEED, '--invalid', '0.01');

const bothCatchUp = async (): Promise<void> => {
  const lives = ['orders', 'report'].map((group) => startConsumer(env, ['--until-caught-up'], group).ended);
  expect(await Promise.all(lives)).toEqual(Array(2).fill({ code: 0, signal: null }));
};

it('counts nothing twice when the answer to 30 % of the inserts is lost after the rows were stored', async () => {
  await publish();
  const lost = network.requests.inject({ type: 'lost_answer' }, { matches: isInsert, share: 0.3 });
  await bothCatchUp();
  expect(lost.requests()).toBeGreaterThan(10);
  const faults = { 'acknowledgement lost after the rows were stored': lost.hits() };
  await proven(stack.env, {
    scenario: '2 acknowledgements lost',
    receipts: receiver.log,
    faults,
    seeds: [SEED],
  });
}, 600_000);

const answer = (status: number, text: string, code?: number): HttpFault => ({
  type: 'answer',
  status,
  text,
  ...(code !== undefined && { code }),
});

const REFUSALS: Readonly<Record<string, HttpFault>> = {
  'refused with 400': answer(400, 'Bad Request'),
  'refused with 403': answer(403, 'Forbidden'),
  'refused with 404': answer(404, 'Not Found'),
  'refused with 500': answer(500, 'Internal Server Error'),
  'refused with 503': answer(503, 'Service Unavailable'),
  'refused with 252, too many parts': answer(500, 'Code: 252. (TOO_MANY_PARTS)', 252),
  'an error inside a 200 answer': { type: 'error_in_200', where: 'tail', code: 241, text: 'no memory' },
  'an error inside a 200 answer to what was stored': {
    type: 'error_in_200',
    where: 'header',
    code: 159,
    text: 'too late',
    isDone: true,
  },
};

it('commits nothing that is not accounted for while ClickHouse rejects in every way', async () => {
  await publish();
  const watch = watchCommits();
  const both = bothCatchUp().then(() => 'caught up');
  const faults: Record<string, number> = {};
  for (const [name, fault] of Object.entries(REFUSALS)) {
    const injected = network.requests.inject(fault, { matches: isInsert, share: 0.5 });
    // Had they nothing left to insert, it would never happen.
    expect(await Promise.race([both, happened(injected).then(() => name)])).toBe(name);
    injected.remove();
    faults[name] = injected.hits();
  }
  await both;
  faults['commits sampled'] = await watch.stop();
  await proven(stack.env, {
    scenario: '3 ClickHouse rejects',
    receipts: receiver.log,
    faults,
    seeds: [SEED],
  });
}, 600_000);

it.each(['milestones', 'events', 'states'].slice(0, scale('CHAOS_TABLES', 1, 3)))(
  'commits nothing while the table %s is missing, and goes on by itself when it is back',
  async (table) => {
    await publish();
    const consumer = startConsumer(env);
    await consumer.says('committed');
    const watch = watchCommits();
    await store.command(`RENAME TABLE kaquan_store.${table} TO kaquan_store.${table}_away`);
    const refusals = network.requests.requests();
    // What was stored before may still be committed: everything below a commit is in the tables all the same.
    const away = table === 'events' ? 'kaquan_store.events_away' : 'kaquan_store.events';
    const stop = performance.now() + MISSING_MS;
    let samples = 0;
    let atMost = 0;
    while (performance.now() < stop) {
      const commits = await admin.committed('orders', TOPIC);
      expect(await unaccounted(commits, away)).toBe(0);
      atMost = sumOf(commits);
      samples += 1;
      await sleep(100);
    }
    expect(network.requests.requests()).toBeGreaterThan(refusals);
    const ends = sumOf(
      new Map([...(await admin.offsets(TOPIC))].map(([partition, { end }]) => [partition, end])),
    );
    expect(atMost).toBeLessThan(ends);
    await store.command(`RENAME TABLE kaquan_store.${table}_away TO kaquan_store.${table}`);
    while (sumOf(await admin.committed('orders', TOPIC)) < ends) await sleep(100);
    samples += await watch.stop();
    consumer.child.kill('SIGTERM');
    expect(await consumer.ended).toEqual({ code: 0, signal: null });
    await proven(stack.env, {
      scenario: `3 the table ${table} is missing for ${MISSING_MS / 1000} s`,
      faults: { 'table missing': 1, 'commits sampled': samples },
      seeds: [SEED],
    });
  },
  600_000,
);

const happened = async (injected: InjectedHttp): Promise<void> => {
  while (injected.hits() < REFUSED_TIMES) await sleep(20);
};

const sumOf = (offsets: ReadonlyMap<number, number>): number =>
  [...offsets.values()].reduce((sum, offset) => sum + offset, 0);

/** Looks at the commits again and again, and then at the tables: the commits first, so that what follows can only add. */
function watchCommits(): { stop(): Promise<number> } {
  const ending = new AbortController();
  const watching = (async () => {
    let samples = 0;
    while (!ending.signal.aborted) {
      const commits = await admin.committed('orders', TOPIC);
      // A table that is away for this moment tells nothing.
      const open = await unaccounted(commits, 'kaquan_store.events').catch(() => undefined);
      if (open !== undefined) {
        expect(open).toBe(0);
        samples += 1;
      }
      await sleep(100);
    }
    return samples;
  })();
  watching.catch(() => undefined);
  return {
    stop() {
      ending.abort();
      return watching;
    },
  };
}

/** Offsets of `orders` below these commits that no table has. */
async function unaccounted(commits: ReadonlyMap<number, number>, events: string): Promise<number> {
  if (commits.size === 0) return 0;
  const below = [...commits].map(
    ([partition, offset]) => `(partition = ${partition} AND offset < ${offset})`,
  );
  const places = `
    SELECT partition, offset FROM ${events}
    UNION ALL
    SELECT partition, offset FROM kaquan_store.dead_letters WHERE consumer_group = 'orders'
    UNION ALL
    SELECT partition, arrayJoin(range(first_offset, last_offset + 1)) AS offset
    FROM kaquan_store.skips WHERE consumer_group = 'orders'`;
  const accounted = await numberOf(
    store,
    `SELECT uniqExact(partition, offset) FROM (${places}) WHERE ${below.join(' OR ')}`,
  );
  return sumOf(commits) - accounted;
}
