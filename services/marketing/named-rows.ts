import type { ClickHouse, RequestOptions } from '../../runtime/clickhouse/client.ts';
import { pairsCondition, stringLiteral } from '../../runtime/clickhouse/literals.ts';
import type { BuyerKey } from './interface.ts';
import { paidOrdersOf, STATE_COLUMNS, type PaidOrder, type StateRow } from './paid-orders.ts';

/** What the store has under an app's own name of a buyer. */
export interface NamedRows {
  /** The orders of his app that he paid, lost or not. */
  readonly orders: PaidOrder[];
  /** Who he is to the merchant; undefined: no identity says. */
  userId: string | undefined;
  readonly memberships: string[];
  readonly balances: { readonly scoreId: string; readonly value: number }[];
}

interface Row extends StateRow {
  readonly what: 'order' | 'user_id' | 'membership' | 'score';
  /** The person, the membership or the score. */
  readonly id: string;
  readonly value: string;
}

export const buyerName = (appId: string, openId: string): string => `${appId}\0${openId}`;

/**
 * One question to four tables, each read by its primary key; without a version, to the three that are no catalogue's.
 * @returns by `buyerName`; a buyer without rows has none
 */
export async function readNamedRows(
  clickhouse: ClickHouse,
  buyers: readonly BuyerKey[],
  version: string | undefined,
  request: RequestOptions,
): Promise<ReadonlyMap<string, NamedRows>> {
  const rows = await clickhouse.query<Row>(namedRowsSql(buyers, version), request);
  const found = new Map<string, NamedRows>();
  const of = (appId: string, openId: string): NamedRows => {
    const name = buyerName(appId, openId);
    const named = found.get(name) ?? { orders: [], userId: undefined, memberships: [], balances: [] };
    found.set(name, named);
    return named;
  };
  // Also such as were paid by somebody else after all: they lie under his name, and are asked for by nobody.
  for (const order of paidOrdersOf(rows.filter(({ what }) => what === 'order')).values())
    of(order.appId, order.openId).orders.push(order);
  for (const row of rows) if (row.what !== 'order') add(row, of(row.app_id, row.open_id));
  return found;
}

function add({ what, id, value }: Row, to: NamedRows): void {
  if (what === 'membership') to.memberships.push(id);
  else if (what === 'score') to.balances.push({ scoreId: id, value: Number(value) });
  else if (id !== '') to.userId = id;
}

const buyerCondition = (buyers: readonly BuyerKey[]): string =>
  pairsCondition(
    ['app_id', 'open_id'],
    buyers.map(({ appId, openId }) => [appId, openId] as const),
  );

/** The orders that may have brought buyers something, as the index has them. */
export const buyerOrdersSql = (buyers: readonly BuyerKey[]): string =>
  `SELECT app_id, order_id FROM kaquan_store.buyer_orders WHERE ${buyerCondition(buyers)}`;

const NO_STATE = `
    0 AS paid_at, '' AS event_id, '' AS coupon_batch_id, emptyArrayString() AS coupon_ids, 0 AS refunded, 0 AS cancelled`;

export function namedRowsSql(buyers: readonly BuyerKey[], version: string | undefined): string {
  const named = buyerCondition(buyers);
  const tables = [
    `SELECT 'order' AS what, ${STATE_COLUMNS}, '' AS id, 0 AS value
     FROM kaquan_store.states WHERE (app_id, order_id) IN (${buyerOrdersSql(buyers)})`,
    `SELECT 'user_id' AS what, app_id, '' AS order_id, open_id, ${NO_STATE}, argMax(user_id, at) AS id, 0 AS value
     FROM kaquan_store.identities WHERE ${named} GROUP BY app_id, open_id`,
  ];
  if (version !== undefined)
    tables.push(
      `SELECT toString(kind) AS what, app_id, '' AS order_id, open_id, ${NO_STATE}, id, value
       FROM kaquan_store.catalogue_holders WHERE version = ${stringLiteral(version)} AND ${named}`,
    );
  return tables.join(' UNION ALL ');
}
