import type { z } from 'zod';

import { requiredText } from '../../schemas/coupon_order/fields.ts';
import { violationAt } from '../../schemas/coupon_order/violation.ts';
import { violationsText } from './violations-text.ts';

/** A coupon that may be told to be used up. */
export const couponId = requiredText('Q5');

/** What is wrong with `input`, which was judged. */
export const problemsOf = (input: unknown, { issues }: z.ZodError): string =>
  violationsText(issues.map(({ path, message }) => violationAt(input, path, message)));
