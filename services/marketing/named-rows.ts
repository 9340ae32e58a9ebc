import type { Reader, ReadOptions } from '../../runtime/clickhouse/client.ts';
import { pairsCondition, stringLiteral } from '../../runtime/clickhouse/literals.ts';
import type { BuyerKey, Stored } from './interface.ts';
import type { OwnOrderRow } from './own-orders.ts';

/** What the store has under an app's own name of a buyer. */
export interface NamedRows {
  /** What his own events say of orders of his app. */
  readonly orders: OwnOrderRow[];
  /** The last word on who he is to the merchant, `''` if it takes that back; undefined: there was none. */
  identity: Identity | undefined;
  readonly memberships: string[];
  readonly balances: { readonly scoreId: string; readonly value: number }[];
}

interface Identity {
  readonly userId: string;
  /** µs since 1970 */
  readonly at: number;
}

interface Row extends OwnOrderRow {
  readonly what: 'order' | 'user_id' | 'membership' | 'score';
  /** The person, the membership or the score. */
  readonly id: string;
  /** Of a score, its balance; of a person, when that was told: µs since 1970. */
  readonly value: string;
}

export const buyerName = (appId: string, openId: string): string => `${appId}\0${openId}`;

/**
 * One question to the tables that have something, each read by its primary key.
 * @returns by `buyerName`; a buyer without rows has none
 */
export async function readNamedRows(
  clickhouse: Reader,
  buyers: readonly BuyerKey[],
  stored: Stored,
  request: ReadOptions,
): Promise<ReadonlyMap<string, NamedRows>> {
  const rows = await clickhouse.query<Row>(namedRowsSql(buyers, stored), request);
  const found = new Map<string, NamedRows>();
  const of = (appId: string, openId: string): NamedRows => {
    const name = buyerName(appId, openId);
    const named = found.get(name) ?? { orders: [], identity: undefined, memberships: [], balances: [] };
    found.set(name, named);
    return named;
  };
  for (const row of rows) add(row, of(row.app_id, row.open_id));
  return found;
}

function add(row: Row, to: NamedRows): void {
  const { what, id, value } = row;
  if (what === 'order') to.orders.push(row);
  else if (what === 'membership') to.memberships.push(id);
  else if (what === 'score') to.balances.push({ scoreId: id, value: Number(value) });
  // The rows as they lie, here too: unmerged parts hold several words.
  else if (Number(value) >= (to.identity?.at ?? 0)) to.identity = { userId: id, at: Number(value) };
}

const NO_ORDER = `'' AS order_id, 'disputed' AS status, 0 AS paid_at, '' AS event_id, '' AS coupon_batch_id, emptyArrayString() AS coupon_ids`;

export function namedRowsSql(buyers: readonly BuyerKey[], { version, identities }: Stored): string {
  const named = pairsCondition(
    ['app_id', 'open_id'],
    buyers.map(({ appId, openId }) => [appId, openId] as const),
  );
  const tables = [
    `SELECT 'order' AS what, app_id, open_id, order_id, toString(status) AS status, toUnixTimestamp64Milli(time) AS paid_at,
       hex(event_id) AS event_id, coupon_batch_id, coupon_ids, '' AS id, 0 AS value
     FROM kaquan_store.buyer_orders WHERE ${named}`,
  ];
  if (identities)
    tables.push(
      `SELECT 'user_id' AS what, app_id, open_id, ${NO_ORDER}, user_id AS id, toUnixTimestamp64Micro(at) AS value
       FROM kaquan_store.identities WHERE ${named}`,
    );
  if (version !== undefined)
    tables.push(
      `SELECT toString(kind) AS what, app_id, open_id, ${NO_ORDER}, id, value
       FROM kaquan_store.catalogue_holders WHERE version = ${stringLiteral(version)} AND ${named}`,
    );
  return tables.join(' UNION ALL ');
}
