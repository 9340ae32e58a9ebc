import type { OrderStatus } from '../../schemas/coupon_order/event.ts';
import type { Entry, OrderState } from './state.ts';

const NOBODY: readonly string[] = [];

/**
 * The buyers whose own reports of an order do not tell what became of it, as far as this event shows. Of an order that is never
 * disputed for a buyer, his own `payed`, `refund` and `cancel_give_order` events say all that the state says of him: whether he
 * is who paid, by the least `payed`, and whether the order was refunded or cancelled. So where what he holds is read from his own
 * events, the orders that are disputed for him have to be looked up.
 * @param before the state that `entry` was folded into; `after`, what came out, also if nothing changed
 * @returns open_ids; that one is told twice does no harm
 */
export function disputedFor(
  before: OrderState,
  after: OrderState,
  status: OrderStatus,
  entry: Entry,
): readonly string[] {
  const payer = after.payed?.openId;
  if (payer === undefined) return NOBODY;
  if (status === 'refund' || status === 'cancel_give_order') return entry.openId === payer ? NOBODY : [payer];
  if (status !== 'payed') return NOBODY;
  if (entry.openId !== payer) return [entry.openId];
  // Both, so that the coupons move from one to the other in the one moment in which the state is stored.
  if (before.payed !== undefined && before.payed.openId !== payer) return [before.payed.openId, payer];
  // Whose refund it was that came before the payment is nothing that this event shows.
  const isLost = after.refund !== undefined || after.cancel_give_order !== undefined;
  return isLost && before.payed !== after.payed ? [payer] : NOBODY;
}
