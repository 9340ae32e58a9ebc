/** A coupon that came to a buyer with a paid order. */
export interface Holding {
  readonly couponId: string;
  readonly couponBatchId: string;
  /** ms since 1970: when the order was `payed`. */
  readonly receiveTime: number;
}

export interface Balance {
  readonly scoreId: string;
  /** Points, a whole number; the platform does not say what one is worth. */
  readonly value: number;
}

/** What is known of one buyer. */
export interface Buyer {
  /** The coupons that he holds now, in any order; one that came with two orders is one coupon. */
  readonly holdings: readonly Holding[];
  /** The ids of the memberships that he has. */
  readonly memberships: readonly string[];
  readonly balances: readonly Balance[];
}

/** A buyer of whom nothing is known. */
export const NOBODY: Buyer = { holdings: [], memberships: [], balances: [] };

/**
 * Each coupon once, by coupon_id: of several orders that brought it, the first one counts. The order of the result does not
 * depend on the order in which they were found.
 */
export function distinctHoldings(holdings: readonly Holding[]): Holding[] {
  const first = new Map<string, Holding>();
  for (const holding of holdings) {
    const other = first.get(holding.couponId);
    if (other === undefined || compareHoldings(holding, other) < 0) first.set(holding.couponId, holding);
  }
  return [...first.values()].sort((a, b) => compareIds(a.couponId, b.couponId));
}

const compareHoldings = (a: Holding, b: Holding): number =>
  a.receiveTime - b.receiveTime || compareIds(a.couponBatchId, b.couponBatchId);

/** By UTF-16 code units, whatever the machine's language. */
export function compareIds(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
