import type { Holding } from '../../domain/coupon/buyer.ts';
import type { ClickHouse, RequestOptions } from '../../runtime/clickhouse/client.ts';
import type { BuyerKey, BuyerLookUp } from './interface.ts';
import { buyerName, readNamedRows, type NamedRows } from './named-rows.ts';
import { orderName, readPaidOrders, type OrderKey, type PaidOrder } from './paid-orders.ts';
import { readPayers, type Payer } from './payers.ts';
import { personName, readPersonOrders, type CandidateOrder, type Person } from './person-orders.ts';
import { readRedeemed } from './redemptions.ts';

/** A coupon that a paid order brought to a buyer, also if he has it no more. */
export interface BroughtCoupon extends Holding {
  readonly appId: string;
  readonly orderId: string;
  /** Why it is not held; undefined: it is. */
  readonly lost: 'refunded' | 'cancelled' | 'redeemed' | undefined;
}

/** What is stored of a buyer. */
export interface FoundBuyer {
  readonly coupons: readonly BroughtCoupon[];
  readonly memberships: readonly string[];
  readonly balances: NamedRows['balances'];
}

/** Looks up what buyers hold. */
export function lookUpBuyers(clickhouse: ClickHouse): BuyerLookUp {
  return async (buyers, version, options = {}) => {
    const found = await findBuyers(clickhouse, buyers, version, options);
    return found.map(({ coupons, ...others }) => ({
      ...others,
      holdings: coupons.filter(({ lost }) => lost === undefined),
    }));
  };
}

/**
 * Everything that orders brought to buyers, lost or not. The index only says which orders to look at: what an order brought, and
 * to whom, is what its state says.
 */
export async function findBuyers(
  clickhouse: ClickHouse,
  buyers: readonly BuyerKey[],
  version: string | undefined,
  request: RequestOptions = {},
): Promise<FoundBuyer[]> {
  if (buyers.length === 0) return [];
  // A look-up is so short that threads, also those that read files, would cost more than they bring.
  const look = { ...request, settings: { max_threads: 1, local_filesystem_read_method: 'pread' } };
  const named = await readNamedRows(clickhouse, buyers, version, look);
  const persons = await personOrdersOf(clickhouse, buyers, named, look);
  const brought = buyers.map(({ appId, openId }, at) =>
    distinctOrders([...(named.get(buyerName(appId, openId))?.orders ?? []), ...(persons[at] ?? [])]).flatMap(
      broughtBy,
    ),
  );
  const redeemed = await readRedeemed(
    clickhouse,
    [...new Set(brought.flat().map(({ couponId }) => couponId))],
    look,
  );
  return buyers.map(({ appId, openId }, at) => {
    const { memberships = [], balances = [] } = named.get(buyerName(appId, openId)) ?? {};
    const coupons = (brought[at] ?? []).map((coupon) => lostIf(redeemed, coupon));
    return { coupons, memberships, balances };
  });
}

/** For each buyer, the orders that the person paid who he is, whatever app reported them. */
async function personOrdersOf(
  clickhouse: ClickHouse,
  buyers: readonly BuyerKey[],
  named: ReadonlyMap<string, NamedRows>,
  request: RequestOptions,
): Promise<PaidOrder[][]> {
  const persons = buyers.map((buyer) =>
    personOf(buyer, named.get(buyerName(buyer.appId, buyer.openId))?.userId),
  );
  const known = persons.filter((person) => person !== undefined);
  const indexed = await readPersonOrders(clickhouse, known, request);
  const candidates = buyers.map((buyer, at) => {
    const person = persons[at];
    if (person === undefined) return [];
    // What his app reported of him under its own name for him was found under that.
    const others = (indexed.get(personName(person)) ?? []).filter((order) => !isOf(buyer, order));
    return others.map((order) => ({ ...order, person }));
  });
  const paid = await readPaidOrders(clickhouse, distinctOrders(candidates.flat()), request);
  const payers = await readPayers(clickhouse, [...paid.values()], request);
  return candidates.map((orders) => orders.flatMap((candidate) => paidAs(candidate, paid, payers)));
}

const isOf = (buyer: BuyerKey, order: CandidateOrder): boolean =>
  order.appId === buyer.appId && order.openId === buyer.openId;

/** An order that a lesser event gave to another buyer, or to another person, brought this one nothing. */
function paidAs(
  { person, ...candidate }: CandidateOrder & { readonly person: Person },
  paid: ReadonlyMap<string, PaidOrder>,
  payers: ReadonlyMap<string, Payer>,
): PaidOrder[] {
  const order = paid.get(orderName(candidate));
  if (order?.openId !== candidate.openId) return [];
  // Where the event that decides names nobody, as a page's report does that comes before the backend's, or is forgotten, the
  // index alone is left: it has whomever another report named.
  const named = payers.get(order.eventId)?.[person.name] ?? '';
  return named === '' || named === person.id ? [order] : [];
}

function personOf({ unionId }: BuyerKey, userId: string | undefined): Person | undefined {
  if (userId !== undefined) return { name: 'user_id', id: userId };
  return unionId === undefined || unionId === '' ? undefined : { name: 'union_id', id: unionId };
}

const distinctOrders = <T extends OrderKey>(orders: readonly T[]): T[] => [
  ...new Map(orders.map((order) => [orderName(order), order])).values(),
];

const broughtBy = ({ couponIds, paidAt: receiveTime, ...order }: PaidOrder): BroughtCoupon[] =>
  couponIds.map((couponId) => ({
    couponId,
    couponBatchId: order.couponBatchId,
    receiveTime,
    appId: order.appId,
    orderId: order.orderId,
    lost: order.lost,
  }));

const lostIf = (redeemed: ReadonlySet<string>, coupon: BroughtCoupon): BroughtCoupon =>
  coupon.lost === undefined && redeemed.has(coupon.couponId) ? { ...coupon, lost: 'redeemed' } : coupon;
