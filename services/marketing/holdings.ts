import type { Holding } from '../../domain/coupon/buyer.ts';
import type { Reader, ReadOptions } from '../../runtime/clickhouse/client.ts';
import type { BuyerKey, BuyerLookUp, Stored } from './interface.ts';
import { buyerName, readNamedRows, type NamedRows } from './named-rows.ts';
import { ownOrdersOf, type OwnOrders } from './own-orders.ts';
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
export function lookUpBuyers(clickhouse: Reader): BuyerLookUp {
  return async (buyers, stored, options = {}) => {
    const found = await findBuyers(clickhouse, buyers, stored, options);
    return found.map(({ coupons, ...others }) => ({
      ...others,
      holdings: coupons.filter(({ lost }) => lost === undefined),
    }));
  };
}

/**
 * Everything that orders brought to buyers, lost or not. A buyer's own events tell of his orders; of those that others have
 * something to say of, and of those that other apps reported, the state does.
 */
export async function findBuyers(
  clickhouse: Reader,
  buyers: readonly BuyerKey[],
  stored: Stored,
  request: ReadOptions = {},
): Promise<FoundBuyer[]> {
  if (buyers.length === 0) return [];
  const look = { ...request, settings: SHORT };
  const named = await readNamedRows(clickhouse, buyers, stored, look);
  const known = buyers.map((buyer) => knownOf(buyer, named.get(buyerName(buyer.appId, buyer.openId))));
  const persons = await personCandidates(clickhouse, known, look);
  const asked = known.flatMap(({ own }, at) => [...own.disputed, ...(persons[at] ?? [])]);
  const paid = await readPaidOrders(clickhouse, distinctOrders(asked), look);
  const reported = distinctOrders(persons.flat()).flatMap((order) => paid.get(orderName(order)) ?? []);
  const payers = await readPayers(clickhouse, reported, look);
  const brought = known.map(({ buyer, own }, at) => {
    const disputed = own.disputed.flatMap((order) => paidBy(buyer, paid.get(orderName(order))));
    const others = (persons[at] ?? []).flatMap((candidate) => paidAs(candidate, paid, payers));
    return distinctOrders([...own.paid, ...disputed, ...others]).flatMap(broughtBy);
  });
  const redeemed = await readRedeemed(
    clickhouse,
    [...new Set(brought.flat().map(({ couponId }) => couponId))],
    look,
  );
  return known.map(({ memberships, balances }, at) => {
    const coupons = (brought[at] ?? []).map((coupon) => lostIf(redeemed, coupon));
    return { coupons, memberships, balances };
  });
}

// So little is read that threads, also those that read files or write the answer, and reading columns one after the other cost
// more than they bring.
const SHORT = {
  max_threads: 1,
  local_filesystem_read_method: 'pread',
  optimize_move_to_prewhere: 0,
  output_format_parallel_formatting: 0,
};

/** What lies under an app's own name of a buyer. */
interface KnownBuyer extends Pick<NamedRows, 'memberships' | 'balances'> {
  readonly buyer: BuyerKey;
  readonly own: OwnOrders;
  /** Who he is whatever the app; undefined: nobody says. */
  readonly person: Person | undefined;
}

const knownOf = (buyer: BuyerKey, rows: NamedRows | undefined): KnownBuyer => ({
  buyer,
  own: ownOrdersOf(rows?.orders ?? []),
  person: personOf(buyer, rows?.identity?.userId),
  memberships: rows?.memberships ?? [],
  balances: rows?.balances ?? [],
});

interface PersonOrder extends CandidateOrder {
  readonly person: Person;
}

/** For each buyer, the orders in which the person was reported who he is, by another name or by another app. */
async function personCandidates(
  clickhouse: Reader,
  known: readonly KnownBuyer[],
  request: ReadOptions,
): Promise<PersonOrder[][]> {
  const persons = known.flatMap(({ person }) => person ?? []);
  const indexed = await readPersonOrders(clickhouse, persons, request);
  return known.map(({ buyer, person }) => {
    if (person === undefined) return [];
    // What his app reported of him under its own name for him was found under that.
    const others = (indexed.get(personName(person)) ?? []).filter((order) => !isOf(buyer, order));
    return others.map((order) => ({ ...order, person }));
  });
}

const paidBy = ({ openId }: BuyerKey, order: PaidOrder | undefined): PaidOrder[] =>
  order?.openId === openId ? [order] : [];

const isOf = (buyer: BuyerKey, order: CandidateOrder): boolean =>
  order.appId === buyer.appId && order.openId === buyer.openId;

/** An order that a lesser event gave to another buyer, or to another person, brought this one nothing. */
function paidAs(
  { person, ...candidate }: PersonOrder,
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

function personOf({ unionId }: BuyerKey, userId = ''): Person | undefined {
  if (userId !== '') return { name: 'user_id', id: userId };
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
