import { expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  orderName,
  paidOrdersOf,
  type PaidOrder,
  type StateRow,
} from '../../services/marketing/paid-orders.ts';

const ABSENT = '10413791999999';

const row = fc.record({
  app_id: fc.constant('a'),
  order_id: fc.constantFrom('1', '2'),
  // As times that are absent, of different length, and equal.
  paid_at: fc.constantFrom('999', '1000', '1700000000000', ABSENT),
  event_id: fc.constantFrom('00', '0A', 'A0'),
  refunded: fc.constantFrom<0 | 1>(0, 1),
  cancelled: fc.constantFrom<0 | 1>(0, 1),
});

/** What an event says belongs to its time and its id. */
const rowOf = (one: Omit<StateRow, 'open_id' | 'coupon_batch_id' | 'coupon_ids'>): StateRow => {
  const event = `${one.order_id} ${one.paid_at} ${one.event_id}`;
  return { ...one, open_id: `o ${event}`, coupon_batch_id: `b ${event}`, coupon_ids: [`c ${event}`] };
};

/** The same rows in two orders. */
const twice = fc
  .array(row.map(rowOf), { maxLength: 8 })
  .chain((rows) => fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })));

it('rows of unmerged parts make one order, as their least payed event says, whatever their order', () => {
  fc.assert(
    fc.property(twice, ([rows, shuffled]) => {
      const found = paidOrdersOf(rows);
      for (const orderId of ['1', '2']) {
        const own = rows.filter(({ order_id }) => order_id === orderId);
        expect(found.get(orderName({ appId: 'a', orderId }))).toEqual(expected(own));
      }
      expect(paidOrdersOf([...shuffled, ...rows])).toEqual(found);
    }),
  );
});

function expected(rows: readonly StateRow[]): PaidOrder | undefined {
  const [least] = rows.toSorted(
    (a, b) => Number(a.paid_at) - Number(b.paid_at) || (a.event_id < b.event_id ? -1 : 1),
  );
  if (least === undefined || least.paid_at === ABSENT) return undefined;
  const some = (status: 'refunded' | 'cancelled') => rows.some((one) => one[status] === 1);
  return {
    appId: 'a',
    orderId: least.order_id,
    openId: least.open_id,
    paidAt: Number(least.paid_at),
    eventId: least.event_id,
    couponBatchId: least.coupon_batch_id,
    couponIds: least.coupon_ids,
    lost: some('refunded') ? 'refunded' : some('cancelled') ? 'cancelled' : undefined,
  };
}
