import fc from 'fast-check';

import type { Buyer } from '../../domain/coupon/buyer.ts';
import type { GoodsLine } from '../../domain/coupon/cart.ts';
import type { Catalogue, Dimension, Scope, Terms } from '../../domain/coupon/catalogue.ts';

// Few goods, batches and moments, so that they meet.
const some = (prefix: string, count: number): fc.Arbitrary<string> =>
  fc.nat(count - 1).map((n) => `${prefix}${n}`);
const goodsId = some('goods-', 5);
const fen = fc.nat(400);
const moment = fc.nat(6).map((n) => 1_600_000_000_000 + n);

const scope = fc
  .tuple(
    fc.constantFrom<Dimension>('goods', 'order'),
    fc.uniqueArray(goodsId, { maxLength: 3 }).map((ids) => new Set(ids)),
  )
  .map(([dimension, ids]): Scope => ({ dimension, goodsIds: dimension === 'goods' ? ids : new Set() }));

const terms = fc
  .tuple(scope, fen, fen, moment, moment)
  .map(([applies, thresholdAmount, discountAmount, one, other]): Terms => ({
    ...applies,
    thresholdAmount,
    discountAmount,
    startTime: Math.min(one, other),
    endTime: Math.max(one, other),
  }));

function byId<T extends object>(
  prefix: string,
  offer: fc.Arbitrary<T>,
): fc.Arbitrary<ReadonlyMap<string, T & { readonly id: string }>> {
  return fc
    .array(offer, { maxLength: 5 })
    .map((offers) =>
      offers.map((one, n): [string, T & { id: string }] => [
        `${prefix}${n}`,
        { ...one, id: `${prefix}${n}` },
      ]),
    )
    .map((entries) => new Map(entries));
}

const named = { name: 'a name', rule: 'a rule' };

/** What an app may offer. */
export const arbitraryCatalogue: fc.Arbitrary<Catalogue> = fc.record({
  batches: byId(
    'batch-',
    terms.map((one) => ({ ...one, ...named, type: 1, detailUrl: '' })),
  ),
  activities: byId(
    'activity-',
    terms.map((one) => ({ ...one, ...named })),
  ),
  memberships: byId(
    'membership-',
    scope.map((one) => ({ ...one, desc: 'a member', discountAmount: 3 })),
  ),
  scores: byId(
    'score-',
    scope.map((one) => ({ ...one, name: 'points' })),
  ),
});

/** What a buyer may have: some of it twice, some of it unknown to the catalogue. */
export const arbitraryBuyer: fc.Arbitrary<Buyer> = fc.record({
  holdings: fc.array(
    fc.record({
      couponId: some('coupon-', 12),
      couponBatchId: some('batch-', 6),
      receiveTime: moment,
    }),
    { maxLength: 12 },
  ),
  memberships: fc.array(some('membership-', 6), { maxLength: 6 }),
  balances: fc.array(fc.record({ scoreId: some('score-', 6), value: fc.nat(1000) }), { maxLength: 6 }),
});

/** What he may be about to order: a goods may stand on two lines. */
export const arbitraryLines: fc.Arbitrary<readonly GoodsLine[]> = fc.array(
  fc
    .tuple(goodsId, fc.integer({ min: 1, max: 4 }), fc.nat(100))
    .map(([id, quantity, price]) => ({ goodsId: id, quantity, total: quantity * price })),
  { minLength: 1, maxLength: 6 },
);

export const arbitraryMoment = moment;
