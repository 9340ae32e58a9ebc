import { z } from 'zod';

import { broken } from '../../../schemas/coupon_order/violation.ts';

const text = z.string(broken('P9', 'must be a string')).min(1, broken('P9', 'must not be empty'));
const whole = z.int(broken('P9', 'must be a whole number'));
const fen = whole.min(0, broken('P9', 'must not be negative'));
const millis = fen.refine(
  (time) => !/^\d{10}$/.test(String(time)),
  broken('P9', 'must be milliseconds: ten digits are seconds'),
);

const objectOf = <S extends z.core.$ZodLooseShape>(shape: S, rule: string) =>
  z.strictObject(shape, {
    error: ({ code }) =>
      broken(
        rule,
        code === 'unrecognized_keys'
          ? `must have no other keys than ${Object.keys(shape).join(', ')}`
          : 'must be an object',
      ),
  });

const listOf = <E extends z.ZodType>(element: E, rule: string) =>
  z.array(element, broken(rule, 'must be a list'));

const score = objectOf({ id: text, name: text, value: whole }, 'P9');

const bundle = objectOf(
  {
    activity_ids: listOf(text, 'P2'),
    coupon_ids: listOf(text, 'P2'),
    membership_ids: listOf(text, 'P2'),
    score_info: listOf(score, 'P2'),
  },
  'P2',
);

const goodsBundle = objectOf({ goods_id: text, valid_marketing_info: bundle }, 'P2');

const activity = objectOf({ id: text, name: text, rule: text, start_time: millis, end_time: millis }, 'P9');

const membership = objectOf({ id: text, desc: text }, 'P9');

const coupon = objectOf(
  {
    id: text,
    code: text,
    name: text,
    rule: text,
    detail_url: z.string(broken('P9', 'must be a string')).optional(),
    type: whole,
    discount_amount: fen,
    start_time: millis,
    end_time: millis,
    receive_time: millis.optional(),
  },
  'P9',
);

const data = objectOf(
  {
    goods_valid_marketing_info: objectOf(
      {
        default_marketing_info: listOf(goodsBundle, 'P2'),
        valid_marketing_info: listOf(goodsBundle, 'P2'),
      },
      'P2',
    ),
    order_valid_marketing_info: objectOf(
      { default_marketing_info: bundle, valid_marketing_info: bundle },
      'P2',
    ),
    score_info: listOf(score, 'P2'),
    activity_info: listOf(activity, 'P2'),
    membership_info: listOf(membership, 'P2'),
    coupon_info: listOf(coupon, 'P2'),
  },
  'P2',
);

/** The shape of an answer that offers something or nothing: rules P1, P2 and P9. */
export const answerShape = objectOf(
  {
    err_no: z.literal(0, { error: broken('P1', 'must be 0') }),
    err_tips: z.string(broken('P1', 'must be a string')),
    data,
  },
  'P1',
);

export type Answer = z.output<typeof answerShape>;
export type Bundle = z.output<typeof bundle>;
export type GoodsBundle = z.output<typeof goodsBundle>;
