import { z } from 'zod';

import {
  arrayOf,
  optionalText,
  readable,
  requiredObject,
  requiredText,
} from '../../../schemas/coupon_order/fields.ts';
import { under, type Condition } from '../../../schemas/coupon_order/conditions.ts';
import { broken } from '../../../schemas/coupon_order/violation.ts';

/** The bounds of a request. */
export const REQUEST_BOUNDS = {
  /** bytes of the whole body */
  body: 262_144,
  quantity: 1_000_000,
  /** fen, of one price and of one line */
  amount: 10_000_000_000_000,
} as const;

const wholeNumber = (rule: string, min: number, max: number) => {
  const problem = broken(rule, `must be a whole number from ${min} to ${max}`);
  return (value: unknown) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
      ? { value }
      : { problem };
};

const fen = wholeNumber('Q4', 0, REQUEST_BOUNDS.amount);

const line = requiredObject('Q4', {
  goods_id: requiredText('Q5'),
  quantity: readable(wholeNumber('Q4', 1, REQUEST_BOUNDS.quantity)),
  price: readable(fen).nullish(),
  total_amount: readable(fen).nullish(),
});

/** The unit price, or the line's total, or both if they agree. */
const onePrice: Condition = function* ({ quantity, price, total_amount: total }) {
  if (price == null && total == null)
    yield { path: ['price'], problem: broken('Q4', 'must be present where total_amount is not') };
  if (typeof price !== 'number' || typeof quantity !== 'number') return;
  if (total != null && total !== price * quantity)
    yield {
      path: ['total_amount'],
      problem: broken('Q4', 'must be price × quantity where both are present'),
    };
  if (price * quantity > REQUEST_BOUNDS.amount)
    yield {
      path: ['price'],
      problem: broken('bounds', `must make at most ${REQUEST_BOUNDS.amount} fen × quantity`),
    };
};

/** Q3 to Q6: what `msg` must say. Other members, `callback_data` among them, are no concern of the rules. */
export const msgRules = requiredObject('Q3', {
  open_id: requiredText('Q5'),
  app_id: requiredText('Q5'),
  union_id: optionalText,
  goods_info: arrayOf(
    under(line, onePrice),
    broken('Q4', 'must be present'),
    1,
    broken('Q4', 'must name at least one goods'),
  ),
});

function literal(accepted: readonly string[], rule: string) {
  const problem = broken(rule, `must be the string ${accepted.join(' or ')}`);
  return z.string(problem).refine((value) => accepted.includes(value), problem);
}

/** Q2 and Q3: what the body must say around `msg`. */
export const bodyRules = (versions: readonly string[]) =>
  requiredObject('Q3', {
    version: literal(versions, 'Q2'),
    type: literal(['query_marketing_info'], 'Q2'),
    msg: z.string(broken('Q3', 'must be a string that holds JSON')),
  });
