import { describe, expect, it } from '@jest/globals';

import { brokenRules, type Asked } from '../../oracle/marketing/answer-rules.ts';
import type { Answer, Bundle } from '../../oracle/marketing/answer-shape.ts';
import { printedResponse } from './document.ts';

const GOODS = '7112741589566392364';
const ASKED: Asked = { goodsIds: [GOODS], couponIds: ['coupon_id_life_270_fen_MOCK_'] };

const rulesOf = (answer: unknown, asked = ASKED): string[] =>
  [...new Set(brokenRules(answer, asked).map(({ rule }) => rule))].sort();

it("takes the document's response as it is printed", () => {
  expect(brokenRules(printedResponse(), ASKED)).toEqual([]);
});

it('takes a goods that is requested on two lines and answered once', () => {
  expect(brokenRules(printedResponse(), { ...ASKED, goodsIds: [GOODS, GOODS] })).toEqual([]);
});

type Change = (answer: Answer) => unknown;

const data =
  (change: (data: Answer['data']) => unknown): Change =>
  ({ data: of }) =>
    change(of);

const goods = (change: (bundle: Bundle) => unknown, list: 'default' | 'valid' = 'valid'): Change =>
  data(({ goods_valid_marketing_info: info }) => {
    const [first] = info[`${list}_marketing_info`];
    if (first !== undefined) change(first.valid_marketing_info);
  });

const emptied = (bundle: Bundle): void => {
  for (const list of Object.values(bundle) as unknown[][]) list.length = 0;
};

const BROKEN: readonly (readonly [rule: string, what: string, change: Change])[] = [
  ['P1', 'another err_no', (answer) => Object.assign(answer, { err_no: 1 })],
  ['P1', 'no err_tips', (answer) => Reflect.deleteProperty(answer, 'err_tips')],
  ['P2', 'no data', (answer) => Reflect.deleteProperty(answer, 'data')],
  ['P2', 'five keys', data((of) => Reflect.deleteProperty(of, 'membership_info'))],
  ['P2', 'seven keys', data((of) => Object.assign(of, { more: [] }))],
  ['P2', 'a list for the order', data((of) => Object.assign(of, { order_valid_marketing_info: [] }))],
  ['P2', 'a bundle without a kind', goods((bundle) => Reflect.deleteProperty(bundle, 'score_info'))],
  ['P3', 'an activity that is not listed', data((of) => (of.activity_info.length = 0))],
  ['P3', 'a coupon that is not listed', goods((bundle) => bundle.coupon_ids.push('another'))],
  ['P3', 'a membership that is not listed', data((of) => (of.membership_info.length = 0))],
  ['P3', 'a score of another value', goods((bundle) => bundle.score_info.forEach((one) => (one.value += 1)))],
  ['P3', 'a score of another name', goods((bundle) => bundle.score_info.forEach((one) => (one.name = 'x')))],
  [
    'P4',
    'a goods that nobody asked for',
    data(({ goods_valid_marketing_info: { valid_marketing_info: list } }) =>
      list.push(...structuredClone(list).map((one) => ({ ...one, goods_id: 'another' }))),
    ),
  ],
  ['P5', 'no goods', data((of) => (of.goods_valid_marketing_info.default_marketing_info.length = 0))],
  ['P6', 'a coupon listed twice', data((of) => of.coupon_info.push(...structuredClone(of.coupon_info)))],
  [
    'P6',
    'a goods answered twice',
    data(({ goods_valid_marketing_info: { valid_marketing_info: list } }) => list.push(...list)),
  ],
  ['P6', 'an activity twice in a bundle', goods(({ activity_ids: ids }) => ids.push(...ids))],
  ['P7', 'a default that is not valid', goods(emptied)],
  [
    'P7',
    "the order's default that is not valid",
    data((of) =>
      of.order_valid_marketing_info.default_marketing_info.activity_ids.push('activity_id_life_12_fen_MOCK_'),
    ),
  ],
  [
    'P9',
    'a time as text',
    data((of) => of.coupon_info.forEach((one) => Object.assign(one, { end_time: '1' }))),
  ],
  [
    'P9',
    'a time in seconds',
    data((of) => of.activity_info.forEach((one) => (one.start_time = 1_665_913_600))),
  ],
  ['P9', 'an amount in yuan', data((of) => of.coupon_info.forEach((one) => (one.discount_amount = 2.7)))],
  ['P9', 'an id as a number', data((of) => of.coupon_info.forEach((one) => Object.assign(one, { id: 7 })))],
  [
    'P10',
    'an end before the start',
    data((of) => of.coupon_info.forEach((one) => (one.end_time = one.start_time - 1))),
  ],
  [
    'P11',
    'a coupon of goods and of the order',
    data((of) =>
      of.order_valid_marketing_info.valid_marketing_info.coupon_ids.push('coupon_id_life_270_fen_MOCK_'),
    ),
  ],
];

describe("the document's response, changed", () => {
  it.each(BROKEN)('breaks %s with %s', (rule, _, change) => {
    const answer = printedResponse() as Answer;
    change(answer);
    expect(rulesOf(answer)).toEqual([rule]);
  });

  it('breaks P5 when more goods were requested', () => {
    expect(rulesOf(printedResponse(), { ...ASKED, goodsIds: [GOODS, 'another'] })).toEqual(['P5']);
  });

  it('breaks P8 when the buyer holds more coupons, or others', () => {
    for (const couponIds of [[...(ASKED.couponIds ?? []), 'unusable'], []])
      expect(rulesOf(printedResponse(), { ...ASKED, couponIds })).toEqual(['P8']);
  });
});
