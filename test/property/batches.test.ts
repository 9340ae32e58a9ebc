import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { BatchBuilder, type Workshop } from '../../consumers/orders/batch-builder.ts';
import { eventsInsert } from '../../consumers/orders/events-insert.ts';
import { orderId } from '../../consumers/orders/judge.ts';
import { KnownOrders } from '../../consumers/orders/known-orders.ts';
import { createLanes } from '../../consumers/orders/lane.ts';
import { readStates } from '../../consumers/orders/rows.ts';
import { BufferPool } from '../../runtime/bytes/growable.ts';
import type { FetchedRecord } from '../../runtime/kafka/group.ts';
import { createSchemas, encodeEvent, type CouponOrderEvent } from '../../schemas/index.ts';
import { history, type Happening } from '../model/histories.ts';
import { Tables } from '../model/tables.ts';

const DAY = 86_400_000;

function eventOf({ order, status, entry }: Happening): CouponOrderEvent {
  return {
    event_id: Buffer.from(entry.eventId, 'latin1'),
    coupon: {
      order_id: order,
      order_time: entry.orderTime,
      order_status: status,
      coupon_batch_id: entry.couponBatchId,
      pay_amt: entry.payAmt,
    },
    coupon_info: entry.couponIds.map((coupon_id) => ({ coupon_id })),
    page: 'p',
    page_title: null,
    sr_sdk_version: null,
    time: entry.time,
    wx_user: {
      app_id: 'wx',
      open_id: entry.openId,
      user_id: null,
      union_id: null,
      local_id: null,
      tag: null,
      extra: null,
    },
    chan: {
      chan_wxapp_scene: entry.scene,
      chan_id: entry.chanId,
      chan_refer_app_id: null,
      chan_shop_id: entry.shopId,
      chan_shop_name: null,
      chan_custom: null,
      extra: null,
    },
    component: null,
    from: null,
    tracking_id: null,
    unknown: null,
  };
}

const recordsOf = (log: readonly Happening[]): FetchedRecord[] =>
  log.map((happening, offset) => ({
    partition: 0,
    offset,
    time: happening.entry.time,
    key: Buffer.from(`wx:${happening.order}`),
    value: encodeEvent(eventOf(happening)),
    headers: {},
  }));

interface Cut {
  /** Where fetches end, and whether a flush ends there too. */
  readonly ends: readonly { readonly at: number; readonly flush: boolean; readonly newLane: boolean }[];
  readonly cachedStates: number;
}

interface Outcome {
  readonly milestones: string;
  readonly states: unknown;
}

/** Runs a log through batches that are cut in one way, each stored before the next is built. */
async function run(log: readonly Happening[], cut: Cut): Promise<Outcome> {
  const records = recordsOf(log);
  const tables = new Tables();
  const schemas = createSchemas();
  const milestones: Buffer[] = [];
  const options = { cachedStates: cut.cachedStates, brakeWindow: 1000, brakeShare: 1 };
  let lanes = createLanes([0], options);
  let known = new KnownOrders(0, 16);
  const workshop = (): Workshop => ({
    schemas,
    insertOf: ({ text }) => eventsInsert(text),
    group: 'orders',
    plausible: { past: 400 * DAY, future: DAY },
    partitions: 1,
    generation: 1,
    pool: new BufferPool(8),
    known,
    lookUp: (orders) =>
      Promise.resolve(new Map([...tables.states].filter(([id]) => orders.some((order) => order.id === id)))),
    isRefused: () => false,
  });
  let builder = new BatchBuilder(1, lanes, workshop());
  let number = 1;
  let from = 0;
  const flush = (): void => {
    const batch = builder.seal();
    milestones.push(...batch.milestones.map((rows) => Buffer.from(rows)));
    for (const rows of batch.states)
      for (const { appId, orderId: id, state } of readStates(rows))
        tables.putState(orderId(appId, id), state);
    for (const [lane, orders] of batch.touched) {
      for (const [id, touched] of orders) lane.states.stored(id, touched);
    }
    batch.release();
    builder = new BatchBuilder(++number, lanes, workshop());
  };
  for (const { at, flush: ends, newLane } of [...cut.ends, { at: log.length, flush: true, newLane: false }]) {
    if (at < from) continue;
    const middle = (from + at) >> 1;
    await builder.add([
      { epoch: 1, partition: 0, records: records.slice(from, middle), from, to: middle },
      { epoch: 1, partition: 0, records: records.slice(middle, at), from: middle, to: at },
    ]);
    from = at;
    if (!ends) continue;
    flush();
    if (!newLane) continue;
    // An assignment that ends and begins again: nothing is remembered, and the filter is made from what is stored.
    lanes = createLanes([0], options);
    known = new KnownOrders(tables.states.size, 16);
    for (const id of tables.states.keys()) known.add(Buffer.from(id.replace(/^\d+:/, '')));
    builder = new BatchBuilder(++number, lanes, workshop());
  }
  return { milestones: Buffer.concat(milestones).toString('hex'), states: [...tables.states].sort() };
}

const cutOf = (length: number): fc.Arbitrary<Cut> =>
  fc.record({
    ends: fc
      .array(
        fc.record({ at: fc.integer({ min: 0, max: length }), flush: fc.boolean(), newLane: fc.boolean() }),
        {
          maxLength: 8,
        },
      )
      .map((ends) => ends.toSorted((a, b) => a.at - b.at)),
    cachedStates: fc.integer({ min: 0, max: 2 }),
  });

describe('batches', () => {
  it('write the same rows, in the same order, however the log is cut and whatever is still in memory', async () => {
    await fc.assert(
      fc.asyncProperty(
        history.chain((log) => fc.tuple(fc.constant(log), cutOf(log.length))),
        async ([log, cut]) => {
          expect(await run(log, cut)).toEqual(await run(log, { ends: [], cachedStates: 10 }));
        },
      ),
      { numRuns: 400 },
    );
  });
});
