import type { Holding } from '../../domain/coupon/buyer.ts';
import type { ClickHouse, RequestOptions } from '../../runtime/clickhouse/client.ts';
import type { BuyerKey, BuyerLookUp } from './interface.ts';
import { buyerName, readNamedRows, type NamedRows } from './named-rows.ts';
import { orderName, readPaidOrders, type PaidOrder } from './paid-orders.ts';
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
  const candidates = await candidatesOf(clickhouse, buyers, named, look);
  const paid = await readPaidOrders(clickhouse, distinctOrders(candidates.flat()), look);
  const brought = candidates.map((orders) => broughtBy(orders, paid));
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

/** For each buyer, the orders that may have brought him something: those of his app, and those of the person that he is. */
async function candidatesOf(
  clickhouse: ClickHouse,
  buyers: readonly BuyerKey[],
  named: ReadonlyMap<string, NamedRows>,
  request: RequestOptions,
): Promise<CandidateOrder[][]> {
  const persons = buyers.map((buyer) =>
    personOf(buyer, named.get(buyerName(buyer.appId, buyer.openId))?.userId),
  );
  const known = persons.filter((person) => person !== undefined);
  const ofPersons = await readPersonOrders(clickhouse, known, request);
  return buyers.map(({ appId, openId }, at) => {
    const orderIds = named.get(buyerName(appId, openId))?.orderIds ?? [];
    const person = persons[at];
    return [
      ...[...orderIds].map((orderId) => ({ appId, openId, orderId })),
      ...(person === undefined ? [] : (ofPersons.get(personName(person)) ?? [])),
    ];
  });
}

function personOf({ unionId }: BuyerKey, userId: string | undefined): Person | undefined {
  if (userId !== undefined) return { name: 'user_id', id: userId };
  return unionId === undefined || unionId === '' ? undefined : { name: 'union_id', id: unionId };
}

const distinctOrders = (orders: readonly CandidateOrder[]): CandidateOrder[] => [
  ...new Map(orders.map((order) => [orderName(order), order])).values(),
];

/** An order that a lesser event gave to another buyer brought this one nothing. */
function broughtBy(
  candidates: readonly CandidateOrder[],
  paid: ReadonlyMap<string, PaidOrder>,
): BroughtCoupon[] {
  const own = candidates.filter((order) => paid.get(orderName(order))?.openId === order.openId);
  return distinctOrders(own).flatMap(({ appId, orderId }) => {
    const order = paid.get(orderName({ appId, orderId }));
    if (order === undefined) return [];
    const { couponBatchId, couponIds, paidAt: receiveTime, lost } = order;
    return couponIds.map((couponId) => ({ couponId, couponBatchId, receiveTime, appId, orderId, lost }));
  });
}

const lostIf = (redeemed: ReadonlySet<string>, coupon: BroughtCoupon): BroughtCoupon =>
  coupon.lost === undefined && redeemed.has(coupon.couponId) ? { ...coupon, lost: 'redeemed' } : coupon;
