import type { OrderStatus } from '../../schemas/coupon_order/event.ts';
import { longTailed, type Random } from '../../runtime/process/random.ts';

/** One move of an order. */
export interface Move {
  readonly status: OrderStatus;
  /** Milliseconds since the move before; of the first move since the order was placed. */
  readonly gap: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const gapOf = (random: Random, median: number, spread: number, longest: number): number =>
  Math.min(Math.max(Math.round(longTailed(random, median, spread)), 1), longest);

/** The moves of one order, as buyers make them: most pay within a minute, some turn back, a few come back for their money. */
export function journey(random: Random): Move[] {
  const moves: Move[] = [{ status: 'give_order', gap: 0 }];
  const paid = random.chance(0.9) ? payment(random, moves) : false;
  if (paid) afterPayment(random, moves);
  else if (random.chance(0.55))
    moves.push({ status: 'cancel_give_order', gap: gapOf(random, 12 * MINUTE, 1, DAY) });
  return moves;
}

/** @returns whether the order was paid */
function payment(random: Random, moves: Move[]): boolean {
  let wait = gapOf(random, 8 * SECOND, 0.8, HOUR);
  for (;;) {
    moves.push({ status: 'pay', gap: wait });
    if (random.chance(0.86)) {
      moves.push({ status: 'payed', gap: gapOf(random, 4 * SECOND, 0.6, 5 * MINUTE) });
      return true;
    }
    // Some close the whole mini program: no report ever says so.
    if (random.chance(0.1)) return false;
    moves.push({ status: 'cancel_pay', gap: gapOf(random, 6 * SECOND, 0.7, 10 * MINUTE) });
    if (!random.chance(0.5)) return false;
    wait = gapOf(random, 2 * MINUTE, 1.4, 12 * HOUR);
  }
}

function afterPayment(random: Random, moves: Move[]): void {
  const cancelled = random.chance(0.015);
  if (cancelled) moves.push({ status: 'cancel_give_order', gap: gapOf(random, 5 * MINUTE, 1, DAY) });
  if (random.chance(cancelled ? 0.9 : 0.06)) {
    const median = cancelled ? 2 * MINUTE : 2 * DAY;
    moves.push({ status: 'refund', gap: gapOf(random, median, 1.2, 60 * DAY) });
    // Refused the first time, some ask again.
    if (random.chance(0.05)) moves.push({ status: 'refund', gap: gapOf(random, 5 * HOUR, 1, 20 * DAY) });
  }
}

/** A gap of a real journey made short: ten seconds take 5, an hour 27, a month 54; longer stays longer. */
export const compressed = (gap: number): number =>
  Math.round(4000 * Math.log1p(gap / 4000)) + (gap > 0 ? 1 : 0);
