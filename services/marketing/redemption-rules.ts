import type { z } from 'zod';

import { requiredText } from '../../schemas/coupon_order/fields.ts';
import { violationAt } from '../../schemas/coupon_order/violation.ts';

/** A coupon that may be told to be used up. */
export const couponId = requiredText('Q5');

/** Each broken rule, with its place. @param input what was judged */
export const problemsOf = (input: unknown, { issues }: z.ZodError): string =>
  issues
    .map(({ path, message }) => violationAt(input, path, message))
    .map(({ path, message, found }) => `${path || 'the body'} ${message} (${found})`)
    .join('; ');
