import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { answer, noMarketing } from '../../domain/coupon/answer.ts';
import type { Choice, Usable } from '../../domain/coupon/bundles.ts';
import type { Buyer } from '../../domain/coupon/buyer.ts';
import { cartOf, type GoodsLine } from '../../domain/coupon/cart.ts';
import type { Catalogue, Scope, Terms } from '../../domain/coupon/catalogue.ts';
import type { Bundle, MarketingInfo } from '../../domain/coupon/marketing-info.ts';
import { arbitraryBuyer, arbitraryCatalogue, arbitraryLines, arbitraryMoment } from '../arbitrary/coupon.ts';
import { brokenRules } from '../oracle/marketing/answer-rules.ts';

const RUNS = { seed: 20250301, numRuns: 300 };

const question = [arbitraryCatalogue, arbitraryBuyer, arbitraryLines, arbitraryMoment] as const;
type Asked = readonly [Catalogue, Buyer, readonly GoodsLine[], number];

const answered = ([catalogue, buyer, lines, now]: Asked, choice?: Choice) =>
  answer({ catalogue, buyer, cart: cartOf(lines), now }, choice);

const wire = (data: MarketingInfo): unknown => ({ err_no: 0, err_tips: 'success', data });

/** What P8 asks to be listed: each coupon that its batch explains, by the first order that brought it. */
function listedCoupons([catalogue, { holdings }]: Asked): string[] {
  return [...new Set(holdings.map(({ couponId }) => couponId))].filter((id) => {
    const [first] = holdings
      .filter(({ couponId }) => couponId === id)
      .toSorted((a, b) => a.receiveTime - b.receiveTime || (a.couponBatchId < b.couponBatchId ? -1 : 1));
    return first !== undefined && catalogue.batches.has(first.couponBatchId);
  });
}

/** The sum that an offer applies to, straight from the lines; undefined: it applies to none of them. */
function sumFor({ dimension, goodsIds }: Scope, lines: readonly GoodsLine[]): number | undefined {
  const applies = lines.filter(
    ({ goodsId }) => dimension === 'order' || goodsIds.size === 0 || goodsIds.has(goodsId),
  );
  return applies.length === 0 ? undefined : applies.reduce((sum, { total }) => sum + total, 0);
}

function isUsable(terms: Terms, lines: readonly GoodsLine[], now: number): boolean {
  const sum = sumFor(terms, lines);
  return sum !== undefined && sum >= terms.thresholdAmount && terms.startTime <= now && now <= terms.endTime;
}

const goodsOf = (lines: readonly GoodsLine[]): string[] => [...new Set(lines.map(({ goodsId }) => goodsId))];

/** Each bundle of the answer, by `default`/`valid` and by goods_id, `''` for the order. */
function bundlesOf(info: MarketingInfo, list: 'default' | 'valid'): Map<string, Bundle> {
  const goods = info.goods_valid_marketing_info[`${list}_marketing_info`];
  const order = info.order_valid_marketing_info[`${list}_marketing_info`];
  return new Map([
    ...goods.map(({ goods_id, valid_marketing_info }) => [goods_id, valid_marketing_info] as const),
    ['', order],
  ]);
}

/** Whether an offer of this scope has to stand in the bundle of a goods, `''` for the order. */
const standsFor = ({ dimension, goodsIds }: Scope, goods: string): boolean =>
  goods === ''
    ? dimension === 'order'
    : dimension === 'goods' && (goodsIds.size === 0 || goodsIds.has(goods));

describe('whatever is offered, held and ordered', () => {
  it('the answer keeps every rule of the platform (P1–P11)', () => {
    fc.assert(
      fc.property(...question, (...asked) => {
        const goodsIds = asked[2].map(({ goodsId }) => goodsId);
        const { info } = answered(asked);
        expect(brokenRules(wire(info), { goodsIds, couponIds: listedCoupons(asked) })).toEqual([]);
      }),
      RUNS,
    );
  });

  it('keeps them whatever is chosen by default, also what may not be used', () => {
    fc.assert(
      fc.property(...question, (...asked) => {
        // The same judged offers for every goods and for the order.
        const everything: Usable[] = [];
        const choice: Choice = (usable) => {
          everything.push(usable);
          return {
            coupons: everything.flatMap(({ coupons }) => coupons),
            activities: everything.flatMap(({ activities }) => activities),
            memberships: everything.flatMap(({ memberships }) => memberships),
            scores: everything.flatMap(({ scores }) => scores),
          };
        };
        const goodsIds = asked[2].map(({ goodsId }) => goodsId);
        expect(brokenRules(wire(answered(asked, choice).info), { goodsIds })).toEqual([]);
      }),
      RUNS,
    );
  });

  it('a bundle holds exactly what may be used there', () => {
    fc.assert(
      fc.property(...question, (...asked) => {
        const [catalogue, buyer, lines, now] = asked;
        const { info } = answered(asked);
        const batchOf = new Map(
          answered(asked).offers.coupons.map(({ offer }) => [
            offer.holding.couponId,
            offer.holding.couponBatchId,
          ]),
        );
        for (const [goods, bundle] of bundlesOf(info, 'valid')) {
          const termed = <T extends Terms & { id: string }>(offers: Iterable<T>): string[] =>
            [...offers]
              .filter((one) => standsFor(one, goods) && isUsable(one, lines, now))
              .map(({ id }) => id);
          const usableBatches = new Set(termed(catalogue.batches.values()));
          const coupons = listedCoupons(asked).filter((id) => usableBatches.has(batchOf.get(id) ?? ''));
          const members = [...catalogue.memberships.values()].filter(
            (one) => buyer.memberships.includes(one.id) && standsFor(one, goods),
          );
          const scores = [...catalogue.scores.values()].filter(
            (one) => buyer.balances.some(({ scoreId }) => scoreId === one.id) && standsFor(one, goods),
          );
          expect(bundle.coupon_ids.toSorted()).toEqual(coupons.toSorted());
          expect(bundle.activity_ids).toEqual(termed(catalogue.activities.values()));
          expect(bundle.membership_ids).toEqual(members.map(({ id }) => id));
          expect(bundle.score_info.map(({ id }) => id)).toEqual(scores.map(({ id }) => id));
        }
      }),
      RUNS,
    );
  });

  it('the default bundle holds the activities and the coupon that saves most, ties by coupon_id', () => {
    fc.assert(
      fc.property(...question, (...asked) => {
        const [catalogue, , lines] = asked;
        const { info, offers } = answered(asked);
        const saving = (id: string): number => {
          const found = offers.coupons.find(({ offer }) => offer.holding.couponId === id);
          const batch = catalogue.batches.get(found?.offer.batch.id ?? '');
          return batch === undefined ? -1 : Math.min(batch.discountAmount, sumFor(batch, lines) ?? 0);
        };
        const valid = bundlesOf(info, 'valid');
        for (const [goods, bundle] of bundlesOf(info, 'default')) {
          const usable = valid.get(goods)?.coupon_ids ?? [];
          const most = Math.max(...usable.map(saving));
          const best = usable.filter((id) => saving(id) === most).toSorted();
          expect(bundle.coupon_ids).toEqual(best.slice(0, 1));
          expect(bundle.activity_ids).toEqual(valid.get(goods)?.activity_ids);
          expect([bundle.membership_ids, bundle.score_info]).toEqual([[], []]);
        }
      }),
      RUNS,
    );
  });

  it('an offer is usable, or says why not, and never both', () => {
    fc.assert(
      fc.property(...question, (...asked) => {
        const { info, offers } = answered(asked);
        const inBundles = new Set([...bundlesOf(info, 'valid').values()].flatMap((one) => one.coupon_ids));
        for (const { offer, verdict } of offers.coupons) {
          expect(inBundles.has(offer.holding.couponId)).toBe(verdict.reasons.length === 0);
          expect(new Set(verdict.reasons).size).toBe(verdict.reasons.length);
        }
      }),
      RUNS,
    );
  });

  it('does not depend on the order in which things were found', () => {
    fc.assert(
      fc.property(...question, (...[catalogue, buyer, lines, now]) => {
        const reversed: Buyer = {
          holdings: buyer.holdings.toReversed(),
          memberships: buyer.memberships.toReversed(),
          balances: buyer.balances,
        };
        expect(answered([catalogue, reversed, lines, now]).info).toEqual(
          answered([catalogue, buyer, lines, now]).info,
        );
      }),
      RUNS,
    );
  });

  it('"no marketing" keeps the rules, lists nothing and answers every goods', () => {
    fc.assert(
      fc.property(arbitraryLines, (lines) => {
        const info = noMarketing(cartOf(lines));
        expect(
          brokenRules(wire(info), { goodsIds: lines.map(({ goodsId }) => goodsId), couponIds: [] }),
        ).toEqual([]);
        const nothing = { activity_ids: [], coupon_ids: [], membership_ids: [], score_info: [] };
        for (const list of ['default', 'valid'] as const) {
          expect([...bundlesOf(info, list)]).toEqual([...goodsOf(lines), ''].map((id) => [id, nothing]));
        }
        expect([info.coupon_info, info.activity_info, info.membership_info, info.score_info]).toEqual([
          [],
          [],
          [],
          [],
        ]);
      }),
      RUNS,
    );
  });

  it('the questions do ask: each verdict, and ties, come up', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(...question, (...asked) => {
        const { info, offers } = answered(asked);
        for (const { verdict } of offers.coupons) seen.add(verdict.reasons[0] ?? 'usable');
        if (offers.unknown.length > 0) seen.add('unknown');
        for (const bundle of bundlesOf(info, 'valid').values())
          if (bundle.coupon_ids.length > 1) seen.add('choice');
      }),
      RUNS,
    );
    expect([...seen].toSorted()).toEqual([
      'choice',
      'expired',
      'goods_not_bought',
      'not_yet_valid',
      'threshold_not_met',
      'unknown',
      'usable',
    ]);
  });
});
