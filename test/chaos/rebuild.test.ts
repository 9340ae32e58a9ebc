import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { pino } from 'pino';

import { finishExchange, rebuild } from '../../cli/rebuild/rebuild.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { createAdmin, type KafkaAdmin } from '../../runtime/kafka/admin.ts';
import { createKafka } from '../../runtime/kafka/client.ts';
import { TOPIC } from '../../schemas/coupon_order/topic.ts';
import { lastStep } from '../../sql/rebuilds.ts';
import { done, endConsumers, kaquan, numberOf, simulate, startConsumer, storeOf } from '../e2e/kaquan.ts';
import { differencesOfAllViews } from '../../cli/chaos/oracle/differences.ts';
import { startTestStack, type TestStack } from '../stack.ts';

let stack: TestStack;
let clickhouse: ClickHouse;
let admin: KafkaAdmin;

beforeAll(async () => {
  stack = await startTestStack();
  clickhouse = storeOf(stack);
  admin = await createAdmin(
    createKafka({ brokers: [stack.brokers], clientId: 'test', logger: pino({ level: 'silent' }) }),
  );
  await done(['migrate'], stack.env);
  await simulate(stack.env, '--orders', '300', '--seed', '51', '--late', '0.3');
  await done(['consume', 'orders', '--until-caught-up'], stack.env);
}, 120_000);

afterAll(async () => {
  endConsumers();
  await Promise.all([admin.close(), clickhouse.close()]);
  await stack.stop();
}, 60_000);

/** What `kaquan rebuild orders` does once it has the lock. */
async function run(store: ClickHouse): Promise<void> {
  const parts = { clickhouse: store, admin, say: () => undefined };
  if (await finishExchange(parts)) return;
  await rebuild({
    ...parts,
    group: 'orders',
    otherGroups: ['report'],
    recorded: { topic: TOPIC, generation: 1, partitions: 4 },
    foldVersion: '1',
    storedVersion: '1',
    pause: false,
    dryRun: false,
    acceptLoss: false,
    lock: { confirm: () => undefined },
    now: Date.now(),
  });
}

/** ClickHouse for a process that dies right after its `last`th change: nothing that it sends later arrives. */
function mortal(last: number, sent: { changes: number }): ClickHouse {
  const alive = async <T>(call: () => Promise<T>, isChange: boolean): Promise<T> => {
    if (sent.changes >= last) throw new Error('killed');
    if (isChange) sent.changes += 1;
    return call();
  };
  return {
    ...clickhouse,
    query: <Row>(...args: Parameters<ClickHouse['query']>) =>
      alive(() => clickhouse.query<Row>(...args), false),
    queryBuffer: (...args) => alive(() => clickhouse.queryBuffer(...args), false),
    command: (...args) => alive(() => clickhouse.command(...args), true),
    insert: (...args) => alive(() => clickhouse.insert(...args), true),
  };
}

const shadows = () =>
  numberOf(
    clickhouse,
    "SELECT count() FROM system.tables WHERE database = 'kaquan_store' AND name LIKE 'rebuilt_%'",
  );

it('is finished by the next call wherever it was killed, and no view is ever wrong', async () => {
  const counted = { changes: 0 };
  await run(mortal(Infinity, counted));
  expect(counted.changes).toBeGreaterThan(12);
  const steps = new Set<string | undefined>();
  for (let last = 0; last < counted.changes; last++) {
    await expect(run(mortal(last, { changes: 0 }))).rejects.toThrow('killed');
    steps.add((await lastStep(clickhouse))?.step);
    expect(await differencesOfAllViews(clickhouse)).toEqual([]);
    await run(clickhouse);
    expect(await lastStep(clickhouse)).toMatchObject({ step: 'release' });
    expect(await shadows()).toBe(0);
  }
  expect(steps).toEqual(new Set(['release', 'hold', 'exchange']));
  expect(await differencesOfAllViews(clickhouse)).toEqual([]);
  await done(['audit'], stack.env);
}, 600_000);

it('keeps consumers away from an exchange that was interrupted, until it is finished', async () => {
  const whole = { changes: 0 };
  await run(mortal(Infinity, whole));
  // The release and three drops come last, before them the second table's exchange.
  await expect(run(mortal(whole.changes - 5, { changes: 0 }))).rejects.toThrow('killed');
  expect(await lastStep(clickhouse)).toMatchObject({ step: 'exchange' });
  const { records } = await simulate(stack.env, '--orders', '300', '--seed', '52', '--late', '0.3');
  expect(records).toBeGreaterThan(0);
  const consumer = startConsumer(stack.env, ['--until-caught-up']);
  expect(await consumer.says('waiting')).toMatchObject({
    reason: expect.stringContaining('`kaquan rebuild orders` finishes it'),
  });
  expect(await differencesOfAllViews(clickhouse)).toEqual([]);
  const { code, stderr } = await kaquan(['rebuild', 'orders'], stack.env);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr:
      'A rebuild was interrupted in the midst of its exchange: it is finished now, and its tables serve.\n',
  });
  expect(await consumer.ended).toEqual({ code: 0, signal: null });
  expect(await differencesOfAllViews(clickhouse)).toEqual([]);
  await done(['audit'], stack.env);
}, 120_000);

it('does not let a consumer that froze through an exchange write what it began before', async () => {
  const env = {
    ...stack.env,
    ORDERS_BATCH_EVENTS: '200',
    ORDERS_FLUSH_MS: '5',
    KAFKA_SESSION_TIMEOUT_MS: '3000',
  };
  await simulate(stack.env, '--orders', '4000', '--seed', '53', '--late', '0.3');
  const frozen = startConsumer(env);
  await frozen.says('committed');
  frozen.child.kill('SIGSTOP');
  // --pause waits until the broker gives the frozen one up.
  await done(['rebuild', 'orders', '--pause'], stack.env);
  const beside = startConsumer(stack.env, ['--until-caught-up']);
  frozen.child.kill('SIGCONT');
  expect(await beside.ended).toEqual({ code: 0, signal: null });
  frozen.child.kill('SIGTERM');
  expect((await frozen.ended).code).toBe(0);
  await done(['consume', 'orders', '--until-caught-up'], stack.env);
  expect(await differencesOfAllViews(clickhouse)).toEqual([]);
  await done(['audit'], stack.env);
}, 120_000);
