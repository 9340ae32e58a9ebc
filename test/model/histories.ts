import fc from 'fast-check';

import type { Entry } from '../../domain/order/state.ts';
import { STATUSES } from '../../domain/order/state.ts';
import type { OrderStatus } from '../../schemas/index.ts';

/** An event of one of a few orders, drawn from so few values that ties and collisions are common. */
export interface Happening {
  readonly order: string;
  readonly status: OrderStatus;
  readonly entry: Entry;
}

const BASE = 1_760_000_000_000;

const entry: fc.Arbitrary<Entry> = fc.record({
  time: fc.constantFrom(5, 30, 61, 62, 90, 130, 200).map((seconds) => BASE + seconds * 1000),
  eventId: fc.integer({ min: 0, max: 6 }).map((n) => String.fromCharCode(n * 40).repeat(16)),
  orderTime: fc.constantFrom(BASE, BASE + 1),
  payAmt: fc.constantFrom(0, 900, 10_000_000_000_000),
  openId: fc.constantFrom('o1', 'o2', '用户', '\u{1F600}', '\uE000'),
  couponBatchId: fc.constantFrom('b1', 'b2'),
  scene: fc.constantFrom(1037, -1),
  chanId: fc.constantFrom('', '11'),
  shopId: fc.constantFrom('', 's'),
  couponIds: fc.array(fc.constantFrom('c1', 'c2', ''), { minLength: 1, maxLength: 2 }),
});

export const happening: fc.Arbitrary<Happening> = fc.record({
  order: fc.constantFrom('A', 'B'),
  status: fc.constantFrom(...STATUSES),
  entry,
});

/** A log of one partition, with duplicates. */
export const history: fc.Arbitrary<Happening[]> = fc
  .array(happening, { minLength: 1, maxLength: 16 })
  .chain((events) =>
    fc.tuple(
      fc.constant(events),
      fc.subarray(events, { minLength: 0, maxLength: Math.min(4, events.length) }),
    ),
  )
  .map(([events, again]) => [...events, ...again]);
