import { answer } from '../../domain/coupon/answer.ts';
import type { Cart } from '../../domain/coupon/cart.ts';
import type { Catalogue, Scope } from '../../domain/coupon/catalogue.ts';
import type { MarketingInfo } from '../../domain/coupon/marketing-info.ts';
import type { Judged, Offers } from '../../domain/coupon/offers.ts';
import { savingOf, type Reason } from '../../domain/coupon/verdict.ts';
import type { BroughtCoupon, FoundBuyer } from '../../services/marketing/holdings.ts';

export type WhyNot = Reason | 'redeemed' | 'refunded' | 'cancelled' | 'batch_not_in_catalogue';

/** One offer of a buyer, and what an order may do with it. */
export interface Explained {
  readonly kind: 'coupon' | 'activity' | 'membership' | 'score';
  readonly id: string;
  readonly name: string;
  readonly usable: boolean;
  /** Empty: it is usable. */
  readonly reasons: readonly WhyNot[];
  readonly dimension: Scope['dimension'] | null;
  /** The requested goods that it applies to. */
  readonly goods_ids: readonly string[];
  /** fen: the sum that it compares with, the sum that it asks for, and what it takes off. */
  readonly sum: number | null;
  readonly threshold_amount: number | null;
  readonly saving: number | null;
  /** Of a coupon: the order that brought it. */
  readonly order_id: string | null;
}

export interface Explanation {
  readonly offers: readonly Explained[];
  /** The answer itself. */
  readonly info: MarketingInfo;
}

/** Why a buyer's order may use what, also of the coupons that he has no more. @param now ms since 1970 */
export function explain(found: FoundBuyer, catalogue: Catalogue, cart: Cart, now: number): Explanation {
  const { coupons, ...others } = found;
  const holdings = coupons.filter(({ lost }) => lost === undefined);
  const { info, offers } = answer({ cart, buyer: { ...others, holdings }, catalogue, now });
  const held = new Set(holdings.map(({ couponId }) => couponId));
  const gone = coupons.filter(({ couponId }) => !held.has(couponId));
  return { offers: [...explainOffers(offers, coupons), ...gone.map(explainGone)], info };
}

function explainOffers(offers: Offers, coupons: readonly BroughtCoupon[]): Explained[] {
  const orderOf = (id: string): string | null =>
    coupons.find(({ couponId, lost }) => couponId === id && lost === undefined)?.orderId ?? null;
  return [
    ...offers.coupons.map(({ offer: { holding, batch }, verdict }) => ({
      ...termed('coupon', { offer: { ...batch, id: holding.couponId }, verdict }),
      order_id: orderOf(holding.couponId),
    })),
    ...offers.unknown.map(({ couponId }) =>
      notOffered(couponId, 'batch_not_in_catalogue', orderOf(couponId)),
    ),
    ...offers.activities.map((judged) => termed('activity', judged)),
    ...offers.memberships.map(({ offer, verdict }) =>
      plain('membership', { offer: { ...offer, name: offer.desc }, verdict }),
    ),
    ...offers.scores.map(({ offer: { score, value }, verdict }) =>
      plain('score', { offer: { ...score, name: `${score.name} (${value})` }, verdict }),
    ),
  ];
}

type Named = Scope & { readonly id: string; readonly name: string };

const plain = (kind: Explained['kind'], { offer, verdict }: Judged<Named>): Explained => ({
  kind,
  id: offer.id,
  name: offer.name,
  usable: verdict.reasons.length === 0,
  reasons: verdict.reasons,
  dimension: offer.dimension,
  goods_ids: verdict.goodsIds,
  sum: verdict.sum,
  threshold_amount: null,
  saving: null,
  order_id: null,
});

const termed = (
  kind: Explained['kind'],
  judged: Judged<Named & { readonly thresholdAmount: number; readonly discountAmount: number }>,
): Explained => ({
  ...plain(kind, judged),
  threshold_amount: judged.offer.thresholdAmount,
  saving: savingOf(judged.offer.discountAmount, judged.verdict),
});

const explainGone = ({ couponId, lost, orderId }: BroughtCoupon): Explained =>
  notOffered(couponId, lost ?? 'redeemed', orderId);

const notOffered = (id: string, reason: WhyNot, order_id: string | null): Explained => ({
  kind: 'coupon',
  id,
  name: '',
  usable: false,
  reasons: [reason],
  dimension: null,
  goods_ids: [],
  sum: null,
  threshold_amount: null,
  saving: null,
  order_id,
});
