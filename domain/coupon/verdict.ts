import type { Cart } from './cart.ts';
import type { Scope, Terms } from './catalogue.ts';

/** Why an offer may not be used for an order. */
export type Reason = 'not_yet_valid' | 'expired' | 'goods_not_bought' | 'threshold_not_met';

/** Whether an offer may be used, and for what. */
export interface Verdict {
  /** All that stands against it; none: it is usable. */
  readonly reasons: readonly Reason[];
  /** The requested goods that it applies to, usable or not; of an order offer none. */
  readonly goodsIds: readonly string[];
  /** fen: what its threshold compares with: the requested goods that it names, or the whole order. */
  readonly sum: number;
}

/** Whether an offer is one of this goods. */
export const names = ({ dimension, goodsIds }: Scope, goodsId: string): boolean =>
  dimension === 'goods' && (goodsIds.size === 0 || goodsIds.has(goodsId));

/** Judges an offer that has neither a threshold nor a time: a membership, a score. */
export function judgeScope(scope: Scope, cart: Cart): Verdict {
  if (scope.dimension === 'order') return { reasons: [], goodsIds: [], sum: cart.total };
  const goodsIds = [...cart.goods.keys()].filter((id) => names(scope, id));
  const sum = goodsIds.reduce((fen, id) => fen + (cart.goods.get(id) ?? 0), 0);
  return { reasons: goodsIds.length === 0 ? ['goods_not_bought'] : [], goodsIds, sum };
}

/** Judges a coupon of a batch, or an activity. @param now ms since 1970 */
export function judgeTerms(terms: Terms, cart: Cart, now: number): Verdict {
  const scope = judgeScope(terms, cart);
  const unmet = scope.reasons.length === 0 && scope.sum < terms.thresholdAmount;
  const amount: Reason[] = unmet ? ['threshold_not_met'] : [];
  return { ...scope, reasons: [...untimely(terms, now), ...scope.reasons, ...amount] };
}

function untimely({ startTime, endTime }: Terms, now: number): Reason[] {
  if (now < startTime) return ['not_yet_valid'];
  return now > endTime ? ['expired'] : [];
}

/** fen: what a discount takes off the sum that it applies to, which is never more than that sum. */
export function savingOf(discountAmount: number, { sum }: Verdict): number {
  return Math.min(discountAmount, sum);
}
