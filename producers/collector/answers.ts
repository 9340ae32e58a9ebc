import { z } from 'zod';

import { CODES } from '../../schemas/report_api/index.ts';
import type { Invalid } from './judgement.ts';

/** All was taken: Kafka has acknowledged. */
export const takenSchema = z.object({ code: z.literal(CODES.taken), msg: z.string() });

/** Nothing was taken. */
export const failedSchema = z.object({
  code: z.int().positive().describe('Not 0: the same as the HTTP status.'),
  msg: z.string().describe('What is wrong.'),
});

/** One event or more of a signed request break rules: none of them was taken. */
export const refusalSchema = z.object({
  code: z.int().positive().describe('Not 0: the same as the HTTP status.'),
  msg: z.string().describe('What is wrong; of several things the first.'),
  violations: z
    .array(
      z.object({
        index: z.int().nonnegative().describe("The event's place in the array, from 0."),
        path: z.string().describe('The place in the event, such as props.coupon.order_time.'),
        rule: z.string().describe("The rule's code."),
      }),
    )
    .optional()
    .describe('Every broken rule of every event, 1000 of them at the most.'),
});

export type Taken = z.infer<typeof takenSchema>;
export type Refusal = z.infer<typeof refusalSchema>;

export const TAKEN: Taken = { code: CODES.taken, msg: 'ok' };

const MOST_VIOLATIONS = 1000;

/** The refusal of a request with these events in it. */
export function refusalOf(invalid: readonly Invalid[]): Refusal {
  const all = invalid.flatMap(({ index, violations }) => violations.map((one) => ({ index, ...one })));
  const [first] = all;
  const msg =
    first === undefined ? '' : `event ${first.index}: ${first.path} ${first.message} (${first.rule})`;
  const violations = all.slice(0, MOST_VIOLATIONS).map(({ index, path, rule }) => ({ index, path, rule }));
  return { code: CODES.invalid, msg, violations };
}
