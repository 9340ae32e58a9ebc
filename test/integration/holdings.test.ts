import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { Holding } from '../../domain/coupon/buyer.ts';
import { distinctHoldings } from '../../domain/coupon/buyer.ts';
import { CouponOrderProducer } from '../../producers/index.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { OrderStatus } from '../../schemas/index.ts';
import { lookUpBuyers } from '../../services/marketing/holdings.ts';
import { storeIdentities } from '../../services/marketing/identities.ts';
import { done, endConsumers, numberOf, startConsumer, storeOf, type RunningConsumer } from '../e2e/kaquan.ts';
import { startTestStack, type TestStack } from '../stack.ts';

const APP = 'wx9d4f5f22a099f820';
const NOON = Date.now() - 86_400_000;
const MINUTE = 60_000;
const EVERYTHING = { version: '', identities: true };

let stack: TestStack;
let clickhouse: ClickHouse;
let producer: CouponOrderProducer;
let consumer: RunningConsumer;

const startOrders = (): RunningConsumer =>
  startConsumer({
    ...stack.env,
    ORDERS_FLUSH_MS: '20',
    ORDERS_BATCH_EVENTS: '50',
    KAFKA_SESSION_TIMEOUT_MS: '3000',
  });

beforeAll(async () => {
  stack = await startTestStack();
  clickhouse = storeOf(stack);
  await done(['migrate'], stack.env);
  producer = new CouponOrderProducer({ brokers: [stack.brokers], partitions: 4, lingerMs: 0 });
  consumer = startOrders();
}, 120_000);

afterAll(async () => {
  await producer.close();
  endConsumers();
  await clickhouse.close();
  await stack.stop();
}, 60_000);

interface Told {
  readonly order: string;
  readonly status: OrderStatus;
  readonly buyer: string;
  readonly time: number;
  readonly coupons: readonly string[];
  /** Who he is, whatever app reports him. */
  readonly person?: { readonly user_id?: string; readonly union_id?: string };
}

async function report(...told: readonly Told[]): Promise<void> {
  const { refused } = await producer.send(
    told.map(({ order, status, buyer, time, coupons, person }) => ({
      coupon: {
        order_id: order,
        order_time: NOON,
        order_status: status,
        coupon_batch_id: '16000001',
        pay_amt: '9.00',
      },
      coupon_info: coupons.map((coupon_id) => ({ coupon_id })),
      page: 'pages/product',
      time,
      wx_user: { app_id: APP, open_id: buyer, ...person },
      chan: { chan_wxapp_scene: 1037 },
    })),
  );
  expect(refused).toEqual([]);
}

const holdings = async (...buyers: readonly string[]): Promise<(readonly Holding[])[]> => {
  const found = await lookUpBuyers(clickhouse)(
    buyers.map((openId) => ({ appId: APP, openId })),
    EVERYTHING,
  );
  return found.map((buyer) =>
    distinctHoldings(buyer.holdings).map(({ couponId, couponBatchId, receiveTime }) => ({
      couponId,
      couponBatchId,
      receiveTime,
    })),
  );
};

/** Looks until all is as expected; what it found last is compared, so that a failure shows the difference. */
async function expectHeld(expected: Readonly<Record<string, readonly Holding[]>>): Promise<void> {
  const buyers = Object.keys(expected);
  const wanted = JSON.stringify(Object.values(expected));
  let found = await holdings(...buyers);
  for (let left = 200; left > 0 && JSON.stringify(found) !== wanted; left--)
    found = await holdings(...buyers);
  expect(found).toEqual(Object.values(expected));
}

const coupon = (couponId: string, receiveTime: number): Holding => ({
  couponId,
  couponBatchId: '16000001',
  receiveTime,
});

describe('what a buyer holds, from the topic to the look-up', () => {
  const paid: Told = { order: 'K1', status: 'payed', buyer: 'oA', time: NOON, coupons: ['c-1', 'c-2'] };

  it('the coupons of a paid order, and none of one that is only ordered or refunded', async () => {
    await report({ ...paid, status: 'give_order' }, { ...paid, status: 'pay' }, { ...paid, order: 'K0' });
    await expectHeld({ oA: [coupon('c-1', NOON), coupon('c-2', NOON)] });
    const inView = (): Promise<unknown[]> =>
      clickhouse.query(
        "SELECT order_id FROM kaquan.holdings WHERE app_id = {app:String} AND open_id = 'oA' ORDER BY coupon_id",
        { params: { app: APP } },
      );
    // States come behind the events that a look-up reads.
    while ((await inView()).length === 0);
    expect(await inView()).toEqual([{ order_id: 'K0' }, { order_id: 'K0' }]);
    await report({ ...paid, order: 'K0', status: 'refund', time: NOON + 1 });
    await expectHeld({ oA: [] });
  });

  it('its coupons, once it is paid', async () => {
    await report(paid);
    await expectHeld({ oA: [coupon('c-1', NOON), coupon('c-2', NOON)] });
  });

  it('once, when the payment is reported again, a minute earlier', async () => {
    await report({ ...paid, time: NOON - MINUTE });
    await expectHeld({ oA: [coupon('c-1', NOON - MINUTE), coupon('c-2', NOON - MINUTE)] });
  });

  it('nothing, when a lesser event says that another buyer paid: he has them', async () => {
    await report({ ...paid, buyer: 'oB', time: NOON - 2 * MINUTE });
    await expectHeld({ oA: [], oB: [coupon('c-1', NOON - 2 * MINUTE), coupon('c-2', NOON - 2 * MINUTE)] });
  });

  it('not a coupon that is redeemed, until that is taken back', async () => {
    const both = [coupon('c-1', NOON - 2 * MINUTE), coupon('c-2', NOON - 2 * MINUTE)];
    expect(JSON.parse((await done(['redeem', 'c-1', '--json'], stack.env)).stdout)).toEqual({
      redeemed: 1,
      unchanged: 0,
    });
    await expectHeld({ oB: both.slice(1) });
    expect((await done(['redeem', 'c-1'], stack.env)).stdout).toBe('redeemed 0, 1 were so before\n');
    await expectHeld({ oB: both.slice(1) });
    await done(['redeem', 'c-1', '--take-back'], stack.env);
    await expectHeld({ oB: both });
  });

  it('nothing of an order that is refunded, or cancelled, at whatever time that is said to be', async () => {
    await report(
      { ...paid, order: 'K2', buyer: 'oC', coupons: ['c-3'] },
      { ...paid, order: 'K3', buyer: 'oC', coupons: ['c-4'] },
    );
    await expectHeld({ oC: [coupon('c-3', NOON), coupon('c-4', NOON)] });
    await report({ ...paid, status: 'refund', buyer: 'oX', time: NOON - 10 * MINUTE });
    await report({ ...paid, order: 'K2', status: 'cancel_give_order', time: NOON + MINUTE });
    await expectHeld({ oA: [], oB: [], oC: [coupon('c-4', NOON)] });
  });
});

describe('a payment whose reports disagree about who the buyer is', () => {
  const elsewhere = ['p1', 'p2', 'p3'].map((person) => ({ appId: 'tt8e2c', openId: `o-${person}`, person }));
  const byUserId = elsewhere.map(({ appId, openId }) => ({ appId, openId }));
  const byUnionId = elsewhere.map(({ openId, person }) => ({ appId: 'tt9', openId, unionId: person }));

  /** The payment as told so many minutes after noon, with the person's name in two systems. */
  const told = (person: string, minutes: number): Told => ({
    order: 'K9',
    status: 'payed',
    buyer: 'oD',
    time: NOON + minutes * MINUTE,
    coupons: ['c-9'],
    person: { user_id: person, union_id: person },
  });

  /** Once so many events are stored: who holds the coupon, found by both names. */
  async function expectHolders(holders: readonly number[], events: number): Promise<void> {
    const stored = "SELECT uniqExact(event_id) FROM kaquan_store.events WHERE order_id = 'K9'";
    while ((await numberOf(clickhouse, stored)) < events);
    const wanted = elsewhere.map((_, at) => (holders.includes(at) ? ['c-9'] : []));
    const held = async (): Promise<string[][]> => {
      const found = await lookUpBuyers(clickhouse)([...byUserId, ...byUnionId], EVERYTHING);
      return found.map(({ holdings: coupons }) => coupons.map(({ couponId }) => couponId));
    };
    let found = await held();
    for (let left = 200; left > 0 && !isDeepStrictEqual(found, [...wanted, ...wanted]); left--)
      found = await held();
    expect(found).toEqual([...wanted, ...wanted]);
  }

  it('brings its coupons to whom the least event names and to nobody else, in every app; to all that are named if it names none', async () => {
    await storeIdentities(
      clickhouse,
      elsewhere.map(({ appId, openId, person }) => ({ app_id: appId, open_id: openId, user_id: person })),
    );
    await report(told('p1', 0), told('p3', 1));
    await expectHolders([0], 2);
    await report(told('p2', -1));
    await expectHolders([1], 3);
    const { person: _, ...unnamed } = told('', -2);
    await report(unnamed);
    await expectHolders([0, 1, 2], 4);
    await expectHeld({ oD: [coupon('c-9', NOON - 2 * MINUTE)] });
  });
});

const BUYERS = ['oP', 'oQ', 'oR', 'oS', 'oT', 'oU'];

/** Orders whose reports disagree, in any order; no two payments of an order are at one time. */
const tales = fc.array(
  fc.record({
    payments: fc.uniqueArray(fc.record({ buyer: fc.constantFrom(...BUYERS), minute: fc.nat(9) }), {
      selector: ({ minute }) => minute,
      maxLength: 3,
    }),
    ending: fc.constantFrom<readonly OrderStatus[]>([], [], [], ['refund'], ['cancel_give_order']),
  }),
  { minLength: 600, maxLength: 600 },
);

it('is right when the orders group is killed in between', async () => {
  const [orders = []] = fc.sample(tales, { seed: 17, numRuns: 1 });
  const told = orders.flatMap(({ payments, ending }, at): Told[] => {
    const common = { order: `T${at}`, coupons: [`t-${at}`] };
    return [
      ...payments.map(({ buyer, minute }) => ({
        ...common,
        status: 'payed' as const,
        buyer,
        time: NOON + minute * MINUTE,
      })),
      ...ending.map((status) => ({ ...common, status, buyer: 'oP', time: NOON + 20 * MINUTE })),
    ];
  });
  const expected = Object.fromEntries(
    BUYERS.map((buyer) => [
      buyer,
      distinctHoldings(
        orders.flatMap(({ payments, ending }, at) => {
          const [first] = payments.toSorted((a, b) => a.minute - b.minute);
          return first?.buyer === buyer && ending.length === 0
            ? [coupon(`t-${at}`, NOON + first.minute * MINUTE)]
            : [];
        }),
      ),
    ]),
  );
  const shuffled = told.toSorted((a, b) => hash(a) - hash(b));
  consumer.child.kill('SIGKILL');
  await consumer.ended;
  await report(...shuffled);
  for (let kill = 0; kill < 2; kill++) {
    consumer = startOrders();
    await consumer.says('committed');
    consumer.child.kill('SIGKILL');
    await consumer.ended;
  }
  consumer = startOrders();
  await expectHeld(expected);
  const viewed = await clickhouse.query<{ open_id: string; coupons: string[] }>(
    `SELECT open_id, arraySort(groupArray(coupon_id)) AS coupons FROM kaquan.holdings
     WHERE app_id = {app:String} AND coupon_id LIKE 't-%' GROUP BY open_id ORDER BY open_id`,
    { params: { app: APP } },
  );
  expect(viewed.map(({ open_id, coupons }) => [open_id, coupons])).toEqual(
    Object.entries(expected).map(([buyer, held]) => [buyer, held.map(({ couponId }) => couponId)]),
  );
});

const hash = ({ order, status, time }: Told): number =>
  Array.from(`${order}${status}${time}`, (letter) => letter.charCodeAt(0)).reduce(
    (sum, code) => (sum * 31 + code) % 65_521,
    7,
  );
