import { afterAll, beforeAll, expect, it } from '@jest/globals';

import type { LetterCounts } from '../../cli/dlq/list.ts';
import { TOPIC } from '../../schemas/coupon_order/topic.ts';
import { done, numberOf, simulate, startConsumer } from '../e2e/kaquan.ts';
import { paidRecord } from '../e2e/paid-order.ts';
import { kafkaOf } from '../integration/producers-log.ts';
import { scale } from './figures.ts';
import { proven } from './proof.ts';
import { startScene, type Scene } from './scene.ts';

const PARTITIONS = 4;
const WINDOW = 200;
const RESTARTS = 3;
const BAD = scale('CHAOS_POISON_RECORDS', 3000, 60_000);

let scene: Scene;

beforeAll(async () => {
  scene = await startScene({ BRAKE_WINDOW: String(WINDOW) });
}, 120_000);

afterAll(() => scene.stop(), 60_000);

/** All of a producer that partitions differently. */
async function poison(count: number): Promise<void> {
  const producer = kafkaOf(scene.brokers).producer();
  await producer.connect();
  for (let first = 0; first < count; first += 1000) {
    const orders = Array.from({ length: Math.min(1000, count - first) }, (_, i) => `poisoned-${first + i}`);
    const messages = orders.map((order) => {
      const record = paidRecord(order, PARTITIONS);
      return { ...record, partition: (record.partition + 1) % PARTITIONS };
    });
    await producer.send({ topic: TOPIC, messages });
  }
  await producer.disconnect();
}

const deadLetters = (): Promise<number> =>
  numberOf(
    scene.clickhouse,
    "SELECT uniqExact(partition, offset) FROM kaquan_store.dead_letters WHERE reason = 'misrouted'",
  );

const letters = async (): Promise<LetterCounts | undefined> => {
  const { stdout } = await done(['dlq', 'list', 'orders', '--json'], scene.env);
  return (JSON.parse(stdout) as LetterCounts[])[0];
};

it('brakes before a log of bad records, however often it is started, and takes all of it in the end', async () => {
  await simulate(scene.env, '--orders', '300', '--seed', '81', '--invalid', '0');
  const consumer = startConsumer(scene.env);
  await consumer.says('committed');
  await poison(BAD);
  await simulate(scene.env, '--orders', '300', '--seed', '82', '--invalid', '0');
  const lives = [consumer];
  for (let restart = 0; restart < RESTARTS; restart += 1) {
    expect(await lives.at(-1)?.ended).toEqual({ code: 1, signal: null });
    lives.push(startConsumer(scene.env));
  }
  for (const life of lives) {
    await life.ended;
    expect(life.log()).toMatch(/nearly all of the last records became dead letters, .* misrouted; stopped/);
    expect(life.log()).toMatch(/Mend the producer or the settings, then start again/);
  }
  // What was committed is what came before the windows were full.
  expect(await deadLetters()).toBeLessThan(PARTITIONS * WINDOW * lives.length);
  expect(await deadLetters()).toBeLessThan(BAD);

  const patient = { ...scene.env, BRAKE_WINDOW: '1000000' };
  await done(['consume', 'orders', '--until-caught-up'], patient);
  expect(await deadLetters()).toBe(BAD);
  const running = startConsumer(scene.env);
  await running.says('ready');
  await done(['dlq', 'redrive', 'orders'], scene.env);
  await done(['consume', 'orders', '--until-caught-up'], scene.env);
  running.child.kill('SIGTERM');
  expect(await running.ended).toEqual({ code: 0, signal: null });
  expect(await letters()).toMatchObject({ redriven: BAD, waiting: 0 });
  await proven(scene.env, {
    scenario: '8 poison',
    seeds: ['81', '82'],
    faults: { 'bad records': BAD, 'stopped by the brake': lives.length },
  });
}, 900_000);
