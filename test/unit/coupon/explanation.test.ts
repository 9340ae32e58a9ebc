import { describe, expect, it } from '@jest/globals';

import { goodsLine } from '../../../cli/explain/goods.ts';
import { explain } from '../../../cli/explain/explanation.ts';
import { asText } from '../../../cli/explain/text.ts';
import { cartOf } from '../../../domain/coupon/cart.ts';
import type { Catalogue, CouponBatch } from '../../../domain/coupon/catalogue.ts';
import type { BroughtCoupon } from '../../../services/marketing/holdings.ts';

const batch = (id: string, terms: Partial<CouponBatch>): [string, CouponBatch] => [
  id,
  {
    id,
    name: `${id} name`,
    rule: 'a rule',
    type: 1,
    dimension: 'order',
    goodsIds: new Set(),
    thresholdAmount: 0,
    discountAmount: 500,
    detailUrl: '',
    startTime: 1000,
    endTime: 2000,
    ...terms,
  },
];

const catalogue: Catalogue = {
  batches: new Map([
    batch('any', {}),
    batch('dear', { thresholdAmount: 20_000 }),
    batch('cake', { dimension: 'goods', goodsIds: new Set(['cake']), endTime: 1400 }),
    batch('tea', { dimension: 'goods', goodsIds: new Set(['tea']), startTime: 1600 }),
  ]),
  activities: new Map(),
  memberships: new Map([
    ['gold', { id: 'gold', desc: 'gold card', dimension: 'goods', goodsIds: new Set(), discountAmount: 1 }],
  ]),
  scores: new Map([['beans', { id: 'beans', name: 'beans', dimension: 'order', goodsIds: new Set() }]]),
};

const coupon = (
  couponId: string,
  couponBatchId: string,
  lost?: BroughtCoupon['lost'],
  orderId = `K-${couponId}`,
): BroughtCoupon => ({ couponId, couponBatchId, receiveTime: 1, appId: 'wx1', orderId, lost });

const explanation = explain(
  {
    coupons: [
      coupon('c1', 'any'),
      coupon('c2', 'dear'),
      coupon('c3', 'cake'),
      coupon('c4', 'tea'),
      coupon('c5', 'any', 'redeemed'),
      coupon('c6', 'any', 'refunded'),
      coupon('c7', 'any', 'cancelled'),
      coupon('c8', 'gone'),
      coupon('c1', 'any', 'refunded', 'K-earlier'),
    ],
    memberships: ['gold'],
    balances: [{ scoreId: 'beans', value: 70 }],
  },
  catalogue,
  cartOf([{ goodsId: 'tea', quantity: 1, total: 300 }]),
  1500,
);

describe('an explanation', () => {
  it('has every coupon that orders brought, held or not, with every reason', () => {
    const reasons = explanation.offers.map(({ id, reasons: all }) => [id, all]);
    expect(Object.fromEntries(reasons)).toEqual({
      c1: [],
      c2: ['threshold_not_met'],
      c3: ['expired', 'goods_not_bought'],
      c4: ['not_yet_valid'],
      c5: ['redeemed'],
      c6: ['refunded'],
      c7: ['cancelled'],
      c8: ['batch_not_in_catalogue'],
      gold: [],
      beans: [],
    });
    expect(explanation.offers).toHaveLength(10);
  });

  it('reads like sentences', () => {
    expect(asText(explanation)).toBe(
      [
        'coupon c1 “any name” (order K-c1)',
        '    yes: for the order, saves 3.00 yuan',
        'coupon c2 “dear name” (order K-c2)',
        '    no: 3.00 of 200.00 yuan',
        'coupon c3 “cake name” (order K-c3)',
        '    no: expired; none of its goods is bought',
        'coupon c4 “tea name” (order K-c4)',
        '    no: not yet valid',
        'coupon c8 (order K-c8)',
        '    no: its batch is not in the catalogue of this app',
        'membership gold “gold card”',
        '    yes: for tea',
        'score beans “beans (70)”',
        '    yes: for the order',
        'coupon c5 (order K-c5)',
        '    no: redeemed, no longer held',
        'coupon c6 (order K-c6)',
        '    no: its order was refunded',
        'coupon c7 (order K-c7)',
        '    no: its order was cancelled',
        'chosen by default:',
        '  tea: nothing',
        '  the order: c1',
        '',
      ].join('\n'),
    );
  });
});

describe('--goods', () => {
  it('is an id, how many, and the price of one', () => {
    expect(goodsLine('a:b:2:3500', goodsLine('x:1:1'))).toEqual([
      { goodsId: 'x', quantity: 1, total: 1 },
      { goodsId: 'a:b', quantity: 2, total: 7000 },
    ]);
  });

  it.each(['x', 'x:1', 'x:0:100', 'x:1:1.5', ':1:1', 'x:-1:5'])('is not %s', (text) => {
    expect(() => goodsLine(text)).toThrow('ID:QUANTITY:PRICE');
  });
});
