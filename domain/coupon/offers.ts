import { distinctHoldings, type Buyer, type Holding } from './buyer.ts';
import type { Cart } from './cart.ts';
import type { Activity, Catalogue, CouponBatch, Membership, Score } from './catalogue.ts';
import { judgeScope, judgeTerms, type Verdict } from './verdict.ts';

/** An offer that a buyer has, and whether his order may use it. */
export interface Judged<O> {
  readonly offer: O;
  readonly verdict: Verdict;
}

export interface HeldCoupon {
  readonly holding: Holding;
  readonly batch: CouponBatch;
}

export interface ScoreBalance {
  readonly score: Score;
  readonly value: number;
}

/** All that a buyer has, usable or not. */
export interface Offers {
  readonly coupons: readonly Judged<HeldCoupon>[];
  readonly activities: readonly Judged<Activity>[];
  readonly memberships: readonly Judged<Membership>[];
  readonly scores: readonly Judged<ScoreBalance>[];
  /** Held coupons that the catalogue does not know: nobody can say what they are, so they are not offered. */
  readonly unknown: readonly Holding[];
}

/** Judges every offer that a buyer has. @param now ms since 1970 */
export function offersOf(buyer: Buyer, catalogue: Catalogue, cart: Cart, now: number): Offers {
  const { known, unknown } = couponsOf(buyer, catalogue);
  return {
    coupons: known.map((offer) => ({ offer, verdict: judgeTerms(offer.batch, cart, now) })),
    activities: [...catalogue.activities.values()].map((offer) => ({
      offer,
      verdict: judgeTerms(offer, cart, now),
    })),
    memberships: membershipsOf(buyer, catalogue).map((offer) => ({
      offer,
      verdict: judgeScope(offer, cart),
    })),
    scores: balancesOf(buyer, catalogue).map((offer) => ({ offer, verdict: judgeScope(offer.score, cart) })),
    unknown,
  };
}

function couponsOf(
  { holdings }: Buyer,
  { batches }: Catalogue,
): { readonly known: HeldCoupon[]; readonly unknown: Holding[] } {
  const known: HeldCoupon[] = [];
  const unknown: Holding[] = [];
  for (const holding of distinctHoldings(holdings)) {
    const batch = batches.get(holding.couponBatchId);
    if (batch === undefined) unknown.push(holding);
    else known.push({ holding, batch });
  }
  return { known, unknown };
}

// In the catalogue's order, each once, whatever was found of the buyer.
const membershipsOf = ({ memberships }: Buyer, catalogue: Catalogue): Membership[] =>
  [...catalogue.memberships.values()].filter(({ id }) => memberships.includes(id));

function balancesOf({ balances }: Buyer, catalogue: Catalogue): ScoreBalance[] {
  return [...catalogue.scores.values()].flatMap((score) => {
    const balance = balances.find(({ scoreId }) => scoreId === score.id);
    return balance === undefined ? [] : [{ score, value: balance.value }];
  });
}
