import type { z } from 'zod';

import type {
  Activity,
  CouponBatch,
  Membership,
  Scope,
  Score,
  Terms,
} from '../../../domain/coupon/catalogue.ts';
import { activity, couponBatch, membership, score } from '../../../schemas/catalogue/rules.ts';

interface Scoped {
  readonly dimension: Scope['dimension'];
  readonly goods_ids: readonly string[];
}

interface Termed extends Scoped {
  readonly threshold_amount: number;
  readonly discount_amount: number;
  readonly start_time: number;
  readonly end_time: number;
}

const scopeOf = ({ dimension, goods_ids }: Scoped): Scope => ({ dimension, goodsIds: new Set(goods_ids) });

const termsOf = (offer: Termed): Terms => ({
  ...scopeOf(offer),
  thresholdAmount: offer.threshold_amount,
  discountAmount: offer.discount_amount,
  startTime: offer.start_time,
  endTime: offer.end_time,
});

/** @throws when `json` is no offer of its kind */
const read = <T extends z.ZodType>(rules: T, json: string): z.output<T> => rules.parse(JSON.parse(json));

export function couponBatchOf(json: string): CouponBatch {
  const offer = read(couponBatch, json);
  const { coupon_batch_id: id, name, rule, type, detail_url: detailUrl } = offer;
  return { ...termsOf(offer), id, name, rule, type, detailUrl };
}

export function activityOf(json: string): Activity {
  const offer = read(activity, json);
  return { ...termsOf(offer), id: offer.id, name: offer.name, rule: offer.rule };
}

export function membershipOf(json: string): Membership {
  const offer = read(membership, json);
  return { ...scopeOf(offer), id: offer.id, desc: offer.desc, discountAmount: offer.discount_amount };
}

export function scoreOf(json: string): Score {
  const offer = read(score, json);
  return { ...scopeOf(offer), id: offer.id, name: offer.name };
}
