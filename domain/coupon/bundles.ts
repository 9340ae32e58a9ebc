import { compareIds } from './buyer.ts';
import type { Activity, Membership, Scope } from './catalogue.ts';
import type { Bundle } from './marketing-info.ts';
import type { HeldCoupon, Judged, Offers, ScoreBalance } from './offers.ts';
import { names, savingOf } from './verdict.ts';

/** The offers that may be used for one goods, or for the order. */
export interface Usable {
  readonly coupons: readonly Judged<HeldCoupon>[];
  readonly activities: readonly Judged<Activity>[];
  readonly memberships: readonly Judged<Membership>[];
  readonly scores: readonly Judged<ScoreBalance>[];
}

/** Chooses, of what may be used, what is chosen before the buyer chooses; what he may not use is left out of it again. */
export type Choice = (usable: Usable) => Partial<Usable>;

/** @param goodsId undefined: for the order */
export function usableFor(offers: Offers, goodsId: string | undefined): Usable {
  const applies = ({ verdict }: Judged<unknown>, scope: Scope): boolean =>
    verdict.reasons.length === 0 &&
    (goodsId === undefined ? scope.dimension === 'order' : names(scope, goodsId));
  return {
    coupons: offers.coupons.filter((judged) => applies(judged, judged.offer.batch)),
    activities: offers.activities.filter((judged) => applies(judged, judged.offer)),
    memberships: offers.memberships.filter((judged) => applies(judged, judged.offer)),
    scores: offers.scores.filter((judged) => applies(judged, judged.offer.score)),
  };
}

/** The coupon that saves most, of equal ones the least coupon_id, and every activity. */
export const bestCoupon: Choice = ({ coupons, activities }) => ({
  coupons:
    coupons.length === 0 ? [] : [coupons.reduce((best, next) => (bySaving(next, best) < 0 ? next : best))],
  activities,
});

const couponSaving = ({ offer, verdict }: Judged<HeldCoupon>): number =>
  savingOf(offer.batch.discountAmount, verdict);

const bySaving = (a: Judged<HeldCoupon>, b: Judged<HeldCoupon>): number =>
  couponSaving(b) - couponSaving(a) || compareIds(a.offer.holding.couponId, b.offer.holding.couponId);

/** What `choice` chooses of `usable`, without anything that is not in it. */
export function chosen(usable: Usable, choice: Choice): Usable {
  const choices = choice(usable);
  return {
    coupons: among(usable.coupons, choices.coupons),
    activities: among(usable.activities, choices.activities),
    memberships: among(usable.memberships, choices.memberships),
    scores: among(usable.scores, choices.scores),
  };
}

function among<O>(usable: readonly O[], choices: readonly O[] = []): readonly O[] {
  if (choices.length === 0) return [];
  const wanted = new Set(choices);
  return usable.filter((offer) => wanted.has(offer));
}

export function bundleOf({ coupons, activities, memberships, scores }: Usable): Bundle {
  return {
    activity_ids: activities.map(({ offer }) => offer.id),
    coupon_ids: coupons.map(({ offer }) => offer.holding.couponId),
    membership_ids: memberships.map(({ offer }) => offer.id),
    score_info: scores.map(({ offer: { score, value } }) => ({ id: score.id, name: score.name, value })),
  };
}
