import { bestCoupon, bundleOf, chosen, usableFor, type Choice } from './bundles.ts';
import { NOBODY, type Buyer } from './buyer.ts';
import type { Cart } from './cart.ts';
import { NO_OFFERS, type Activity, type Catalogue } from './catalogue.ts';
import type { ActivityInfo, Bundle, CouponInfo, MarketingInfo } from './marketing-info.ts';
import { offersOf, type HeldCoupon, type Offers } from './offers.ts';

export interface Question {
  readonly cart: Cart;
  readonly buyer: Buyer;
  /** Of the app that asks. */
  readonly catalogue: Catalogue;
  /** ms since 1970 */
  readonly now: number;
}

export interface Answer {
  readonly info: MarketingInfo;
  /** Every offer with its verdict: what the answer was made from. */
  readonly offers: Offers;
}

/** What an order may use, and why not what it may not. @param choice what is chosen by default */
export function answer({ cart, buyer, catalogue, now }: Question, choice: Choice = bestCoupon): Answer {
  const offers = offersOf(buyer, catalogue, cart, now);
  return { info: infoOf(offers, cart, choice), offers };
}

/** The answer when nothing can be offered: all keys, and every requested goods with nothing. */
export function noMarketing(cart: Cart): MarketingInfo {
  return answer({ cart, buyer: NOBODY, catalogue: NO_OFFERS, now: 0 }).info;
}

function infoOf(offers: Offers, cart: Cart, choice: Choice): MarketingInfo {
  const goods = [...cart.goods.keys()].map((id) => ({ id, ...bundlesFor(offers, id, choice) }));
  const order = bundlesFor(offers, undefined, choice);
  const entry = (goods_id: string, valid_marketing_info: Bundle) => ({ goods_id, valid_marketing_info });
  return {
    goods_valid_marketing_info: {
      default_marketing_info: goods.map(({ id, byDefault }) => entry(id, byDefault)),
      valid_marketing_info: goods.map(({ id, valid }) => entry(id, valid)),
    },
    order_valid_marketing_info: {
      default_marketing_info: order.byDefault,
      valid_marketing_info: order.valid,
    },
    score_info: offers.scores.map(({ offer: { score, value } }) => ({
      id: score.id,
      name: score.name,
      value,
    })),
    activity_info: offers.activities.map(({ offer }) => activityInfo(offer)),
    membership_info: offers.memberships.map(({ offer: { id, desc } }) => ({ id, desc })),
    coupon_info: offers.coupons.map(({ offer }) => couponInfo(offer)),
  };
}

function bundlesFor(
  offers: Offers,
  goodsId: string | undefined,
  choice: Choice,
): { readonly valid: Bundle; readonly byDefault: Bundle } {
  const usable = usableFor(offers, goodsId);
  return { valid: bundleOf(usable), byDefault: bundleOf(chosen(usable, choice)) };
}

const activityInfo = ({ id, name, rule, startTime, endTime }: Activity): ActivityInfo => ({
  id,
  name,
  rule,
  start_time: startTime,
  end_time: endTime,
});

const couponInfo = ({ holding, batch }: HeldCoupon): CouponInfo => ({
  id: holding.couponId,
  code: holding.couponId,
  name: batch.name,
  rule: batch.rule,
  detail_url: batch.detailUrl,
  type: batch.type,
  discount_amount: batch.discountAmount,
  start_time: batch.startTime,
  end_time: batch.endTime,
  receive_time: holding.receiveTime,
});
