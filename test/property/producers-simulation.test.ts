import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { CouponOrderEvent, OrderStatus } from '../../schemas/index.ts';
import { backlog, digest, grouped, reported, UNTIL } from '../unit/producers/simulated.ts';

/** What may have happened right before; a status may also follow itself. */
const BEFORE: Record<OrderStatus, readonly (OrderStatus | undefined)[]> = {
  give_order: [undefined],
  pay: ['give_order', 'cancel_pay'],
  cancel_pay: ['pay'],
  payed: ['pay', 'payed'],
  cancel_give_order: ['give_order', 'pay', 'cancel_pay', 'payed'],
  refund: ['payed', 'cancel_give_order', 'refund'],
};

function expectSound(events: readonly CouponOrderEvent[]): void {
  const inOrder = [...events].sort((a, b) => a.time - b.time);
  let before: OrderStatus | undefined;
  for (const { coupon, time } of inOrder) {
    expect(BEFORE[coupon.order_status]).toContain(before);
    expect(time).toBeGreaterThanOrEqual(coupon.order_time);
    before = coupon.order_status;
  }
  expect(inOrder[0]?.time).toBe(inOrder[0]?.coupon.order_time);
  for (const same of ['order_time', 'pay_amt', 'coupon_batch_id'] as const) {
    expect(new Set(events.map(({ coupon }) => coupon[same])).size).toBe(1);
  }
  expect(new Set(events.map(({ wx_user }) => wx_user.open_id)).size).toBe(1);
}

const options = fc.record({
  seed: fc.string(),
  orders: fc.integer({ min: 0, max: 20 }),
  until: fc.integer({ min: UNTIL - 1e10, max: UNTIL }),
  days: fc.integer({ min: 1, max: 60 }),
  duplicates: fc.constantFrom(0, 0.05, 1),
  late: fc.constantFrom(0, 0.1, 1),
  invalid: fc.constantFrom(0, 0.1, 1),
});

describe('any simulated backlog', () => {
  it('is a function of its options, counts what it sends, and tells causes before their effects', () => {
    fc.assert(
      fc.property(options, (asked) => {
        const { sendings, records, counts } = backlog(asked);
        expect(digest(backlog(asked).records)).toBe(digest(records));
        const firsts = reported(sendings).filter(({ first }) => first);
        expect(counts.events).toBe(new Set(firsts.map(({ id }) => id)).size);
        expect(counts.orders).toBe(asked.orders);
        expect(Math.max(0, ...firsts.map(({ event }) => event.time))).toBeLessThanOrEqual(asked.until);
        for (const order of grouped(firsts, ({ event }) => event.coupon.order_id).values()) {
          expectSound(order.map(({ event }) => event));
        }
      }),
      { numRuns: 40 },
    );
  });
});
