import type { Violation } from '../../schemas/coupon_order/violation.ts';

// A request has room for thousands of mistakes; its sender needs the first ones, and a log none of the rest.
const TOLD = 10;

/** Broken rules, each with its place, in one line: the first ten, and how many more there are. */
export function violationsText(violations: readonly Violation[]): string {
  const told = violations
    .slice(0, TOLD)
    .map(({ path, message, found }) => `${path || 'the body'} ${message} (${found})`);
  const more = violations.length - told.length;
  return [...told, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}
