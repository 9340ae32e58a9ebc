import { describe, expect, it } from '@jest/globals';

import { answer } from '../../../domain/coupon/answer.ts';
import { cartOf } from '../../../domain/coupon/cart.ts';
import { NO_OFFERS, type CouponBatch } from '../../../domain/coupon/catalogue.ts';

// 用户 Z 准备购买 2 杯星冰乐和 1 杯拿铁,总价 100 元;用户 Z 账户下一共有 4 张优惠券,
// A-星冰乐单品立减 5 元,B-抹茶蛋糕单品立减 3 元,C-订单满 100-10 元,D-订单满 200-30 元
const cart = cartOf([
  { goodsId: '星冰乐', quantity: 2, total: 2 * 35_00 },
  { goodsId: '拿铁', quantity: 1, total: 30_00 },
]);

const batch = (name: string, terms: Partial<CouponBatch>): CouponBatch => ({
  id: `batch-${name}`,
  name,
  rule: name,
  type: 1,
  dimension: 'order',
  goodsIds: new Set(),
  thresholdAmount: 0,
  discountAmount: 0,
  detailUrl: '',
  startTime: 0,
  endTime: 1_700_000_000_000,
  ...terms,
});

const single = (goods: string): Partial<CouponBatch> => ({ dimension: 'goods', goodsIds: new Set([goods]) });

const batches = [
  batch('A', { ...single('星冰乐'), discountAmount: 5_00 }),
  batch('B', { ...single('抹茶蛋糕'), discountAmount: 3_00 }),
  batch('C', { thresholdAmount: 100_00, discountAmount: 10_00 }),
  batch('D', { thresholdAmount: 200_00, discountAmount: 30_00 }),
];

const { info, offers } = answer({
  cart,
  buyer: {
    holdings: ['A', 'B', 'C', 'D'].map((couponId) => ({
      couponId,
      couponBatchId: `batch-${couponId}`,
      receiveTime: 1_600_000_000_000,
    })),
    memberships: [],
    balances: [],
  },
  catalogue: { ...NO_OFFERS, batches: new Map(batches.map((one) => [one.id, one])) },
  now: 1_650_000_000_000,
});

const couponsBy = (list: typeof info.goods_valid_marketing_info.valid_marketing_info) =>
  Object.fromEntries(
    list.map(({ goods_id, valid_marketing_info }) => [goods_id, valid_marketing_info.coupon_ids]),
  );

describe('user Z buys two 星冰乐 and a 拿铁, 100 yuan together', () => {
  it('coupon_info 的长度为 4, 分别对应 ABCD 这 4 张优惠券', () => {
    expect(cart.total).toBe(100_00);
    expect(info.coupon_info.map(({ id }) => id)).toEqual(['A', 'B', 'C', 'D']);
  });

  it('优惠券 A 对星冰乐可用,优惠券 A 需要在 goods_valid_marketing_info 中', () => {
    const expected = { 星冰乐: ['A'], 拿铁: [] };
    expect(couponsBy(info.goods_valid_marketing_info.valid_marketing_info)).toEqual(expected);
    expect(couponsBy(info.goods_valid_marketing_info.default_marketing_info)).toEqual(expected);
  });

  it('优惠券 C 是订单维度的,满足 100-10 的条件,优惠券 C 需要在 order_valid_marketing_info 中', () => {
    expect(info.order_valid_marketing_info.valid_marketing_info.coupon_ids).toEqual(['C']);
    expect(info.order_valid_marketing_info.default_marketing_info.coupon_ids).toEqual(['C']);
  });

  it('B and D are in no bundle, each for its reason', () => {
    const reasons = offers.coupons.map(({ offer, verdict }) => [offer.holding.couponId, verdict.reasons]);
    expect(Object.fromEntries(reasons)).toEqual({
      A: [],
      B: ['goods_not_bought'],
      C: [],
      D: ['threshold_not_met'],
    });
  });
});
