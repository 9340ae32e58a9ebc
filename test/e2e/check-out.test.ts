import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { CouponOrderProducer } from '../../producers/index.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { report, startCheckOut, type CheckOut } from './check-out.ts';
import { done, endConsumers, startConsumer, type RunningConsumer } from './kaquan.ts';

const COFFEE_SHOP = fileURLToPath(
  new URL('../../schemas/catalogue/examples/coffee-shop.yaml', import.meta.url),
);
const SMALL = { ORDERS_FLUSH_MS: '20', ORDERS_BATCH_EVENTS: '50', KAFKA_SESSION_TIMEOUT_MS: '6000' };
const HOUR = 3_600_000;
const NOW = Date.now() - HOUR;

let stack: TestStack;
let folder: string;
let producer: CouponOrderProducer;
let orders: RunningConsumer;
let checkOut: CheckOut;
const ends: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kaquan-check-out-'));
  stack = await startTestStack();
  ends.push(() => stack.stop());
  await done(['migrate'], stack.env);
  orders = startConsumer({ ...stack.env, ...SMALL });
  checkOut = await startCheckOut(stack.env, folder);
  ends.push(() => checkOut.stop());
  producer = new CouponOrderProducer({ brokers: [stack.brokers], partitions: 4 });
  ends.push(() => producer.close());
}, 120_000);

afterAll(async () => {
  endConsumers();
  for (const end of ends.reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

async function send(...reports: object[]): Promise<void> {
  const { refused } = await producer.send(reports);
  expect(refused).toEqual([]);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The coupons that a buyer is told, each with the time when he got it. */
async function told(openId: string): Promise<Record<string, number>> {
  const { data } = await checkOut.ask(openId);
  return Object.fromEntries(data.coupon_info.map(({ id, receive_time }) => [id, (receive_time ?? 0) - NOW]));
}

/** Asks until the buyer is told exactly these. */
async function until(openId: string, expected: Record<string, number>): Promise<void> {
  for (;;) {
    const found = await told(openId);
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
    await pause(50);
  }
}

it('serves a catalogue within seconds of its being applied', async () => {
  await send(report('o-1', 'payed', NOW, { openId: 'oZ', coupons: ['c-1'] }));
  expect(await (await checkOut.get('/readyz')).json()).toMatchObject({ ready: true });
  await done(['catalogue', 'apply', COFFEE_SHOP], stack.env);
  await until('oZ', { 'c-1': 0 });
  const { data } = await checkOut.ask('oZ');
  expect(data.activity_info.map(({ id }) => id)).toEqual(['activity-weekday']);
  expect(data.membership_info.map(({ id }) => id)).toEqual(['membership-gold']);
  expect(data.score_info.map(({ value }) => value)).toEqual([250]);
}, 60_000);

it('offers what was bought and paid, once however often that is reported', async () => {
  const bought = { openId: 'oZ', coupons: ['c-2', 'c-3'], batch: 'batch-C' };
  await send(report('o-2', 'give_order', NOW, bought), report('o-2', 'pay', NOW + 1, bought));
  await send(report('o-2', 'payed', NOW + 2, bought));
  await until('oZ', { 'c-1': 0, 'c-2': 2, 'c-3': 2 });
  // Reported again, and a minute earlier: the least one counts.
  await send(report('o-2', 'payed', NOW + 2, bought), report('o-2', 'payed', NOW - 60_000, bought));
  await until('oZ', { 'c-1': 0, 'c-2': -60_000, 'c-3': -60_000 });
}, 60_000);

it('moves what a lesser event gives to another buyer', async () => {
  await send(report('o-1', 'payed', NOW - 5, { openId: 'oY', coupons: ['c-1'] }));
  await until('oY', { 'c-1': -5 });
  expect(Object.keys(await told('oZ'))).toEqual(['c-2', 'c-3']);
}, 60_000);

it('takes back what is refunded or cancelled', async () => {
  await send(report('o-1', 'refund', NOW + 10, { openId: 'oY', coupons: ['c-1'] }));
  await until('oY', {});
  await send(report('o-3', 'payed', NOW, { openId: 'oY', coupons: ['c-4'] }));
  await until('oY', { 'c-4': 0 });
  await send(report('o-3', 'cancel_give_order', NOW + 1, { openId: 'oY', coupons: ['c-4'] }));
  await until('oY', {});
}, 60_000);

it('takes back what is redeemed, and gives again what is not after all', async () => {
  // The first redemption that there ever was, too, is known to whoever asks next.
  const [both, one] = [{ 'c-2': -60_000, 'c-3': -60_000 }, { 'c-3': -60_000 }];
  expect(await told('oZ')).toEqual(both);
  await done(['redeem', 'c-2'], stack.env);
  expect(await told('oZ')).toEqual(one);
  await done(['redeem', 'c-2', '--take-back'], stack.env);
  expect(await told('oZ')).toEqual(both);
  expect(await checkOut.redeem(['c-2'], true)).toEqual({ changed: ['c-2'] });
  expect(await checkOut.redeem(['c-2'], true)).toEqual({ changed: [] });
  expect(await told('oZ')).toEqual(one);
  await done(['redeem', 'c-2', '--take-back'], stack.env);
  expect(await told('oZ')).toEqual(both);
}, 60_000);

it('is right for every buyer when the orders group is killed with their orders in its hands', async () => {
  const buyers = Array.from({ length: 20 }, (_, at) => `buyer-${at}`);
  const expected = new Map<string, Record<string, number>>(buyers.map((openId) => [openId, {}]));
  const reports: object[] = [];
  for (let order = 0; order < 400; order++) {
    const openId = buyers[order % buyers.length] ?? '';
    const bought = { openId, coupons: [`k-${String(order).padStart(3, '0')}`] };
    reports.push(report(`k-${order}`, 'payed', NOW + order, bought));
    if (order % 3 === 0) reports.push(report(`k-${order}`, 'refund', NOW + order + 1, bought));
    else Object.assign(expected.get(openId) ?? {}, { [bought.coupons[0] ?? '']: order });
  }
  const committed = orders.says('committed');
  await send(...reports);
  await committed;
  orders.child.kill('SIGKILL');
  expect(await orders.ended).toEqual({ code: null, signal: 'SIGKILL' });
  await done(['consume', 'orders', '--until-caught-up'], { ...stack.env, ...SMALL });
  for (const openId of buyers) expect(await told(openId)).toEqual(expected.get(openId));
}, 120_000);

it('measures what it does, and ends when it is told to', async () => {
  const metrics = await (await checkOut.get('/metrics')).text();
  expect(metrics).toMatch(/kaquan_marketing_answers_total\{outcome="offered"\} [1-9]/);
  expect(metrics).toMatch(/kaquan_marketing_holdings_age_seconds \d/);
  expect((await checkOut.get('/livez')).status).toBe(200);
  expect(await checkOut.stop()).toBe(0);
}, 60_000);
