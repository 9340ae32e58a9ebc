import { isBefore, paidOrderOf, type OrderKey, type PaidOrder, type PayedRow } from './paid-orders.ts';

/** What an event of a buyer says of an order of his, or that others have something to say of it. */
export interface OwnOrderRow extends PayedRow {
  /** Of all but `payed`, time, event and coupons are empty. */
  readonly status: 'disputed' | 'payed' | 'cancel_give_order' | 'refund';
}

/** The orders of a buyer, as far as his own events tell of them. */
export interface OwnOrders {
  /** Those that he paid, lost or not. */
  readonly paid: readonly PaidOrder[];
  /** Those of which only the state says who paid, and what became of them. */
  readonly disputed: readonly OrderKey[];
}

interface Told {
  payed: OwnOrderRow | undefined;
  isDisputed: boolean;
  lost: PaidOrder['lost'];
}

/** @param rows of one buyer, in any order, some perhaps twice */
export function ownOrdersOf(rows: readonly OwnOrderRow[]): OwnOrders {
  const orders = new Map<string, Told>();
  for (const row of rows) {
    const told = orders.get(row.order_id);
    if (told !== undefined) tell(told, row);
    else orders.set(row.order_id, tell({ payed: undefined, isDisputed: false, lost: undefined }, row));
  }
  const paid: PaidOrder[] = [];
  const disputed: OrderKey[] = [];
  for (const [orderId, { payed, isDisputed, lost }] of orders) {
    if (isDisputed) disputed.push({ appId: rows[0]?.app_id ?? '', orderId });
    else if (payed !== undefined) paid.push(paidOrderOf(payed, lost));
  }
  return { paid, disputed };
}

function tell(told: Told, row: OwnOrderRow): Told {
  switch (row.status) {
    case 'disputed':
      told.isDisputed = true;
      break;
    case 'refund':
      told.lost = 'refunded';
      break;
    case 'cancel_give_order':
      told.lost ??= 'cancelled';
      break;
    case 'payed':
      // One event that says two things: which of them counts, more decides than lies here.
      if (told.payed !== undefined && isSameEvent(told.payed, row) && !isSaidAlike(told.payed, row))
        told.isDisputed = true;
      if (told.payed === undefined || isBefore(row, told.payed)) told.payed = row;
  }
  return told;
}

const isSameEvent = (one: OwnOrderRow, other: OwnOrderRow): boolean =>
  one.paid_at === other.paid_at && one.event_id === other.event_id;

const isSaidAlike = (one: OwnOrderRow, other: OwnOrderRow): boolean =>
  one.coupon_batch_id === other.coupon_batch_id &&
  JSON.stringify(one.coupon_ids) === JSON.stringify(other.coupon_ids);
