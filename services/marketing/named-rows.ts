import type { ClickHouse, RequestOptions } from '../../runtime/clickhouse/client.ts';
import { pairsCondition, stringLiteral } from '../../runtime/clickhouse/literals.ts';
import type { BuyerKey } from './interface.ts';

/** What the store has under an app's own name of a buyer. */
export interface NamedRows {
  /** Orders that may have brought him something. */
  readonly orderIds: Set<string>;
  /** Who he is to the merchant; undefined: no identity says. */
  userId: string | undefined;
  readonly memberships: string[];
  readonly balances: { readonly scoreId: string; readonly value: number }[];
}

interface Row {
  readonly app_id: string;
  readonly open_id: string;
  readonly what: 'order' | 'user_id' | 'membership' | 'score';
  readonly id: string;
  readonly value: string;
}

export const buyerName = (appId: string, openId: string): string => `${appId}\0${openId}`;

/**
 * One read of three tables, each by its primary key; without a version, of the two that are no catalogue's.
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
  for (const row of rows) {
    const name = buyerName(row.app_id, row.open_id);
    const named = found.get(name) ?? {
      orderIds: new Set(),
      userId: undefined,
      memberships: [],
      balances: [],
    };
    found.set(name, named);
    add(row, named);
  }
  return found;
}

function add({ what, id, value }: Row, to: NamedRows): void {
  if (what === 'order') to.orderIds.add(id);
  else if (what === 'membership') to.memberships.push(id);
  else if (what === 'score') to.balances.push({ scoreId: id, value: Number(value) });
  else if (id !== '') to.userId = id;
}

export function namedRowsSql(buyers: readonly BuyerKey[], version: string | undefined): string {
  const named = pairsCondition(
    ['app_id', 'open_id'],
    buyers.map(({ appId, openId }) => [appId, openId] as const),
  );
  const tables = [
    `SELECT app_id, open_id, 'order' AS what, order_id AS id, toInt64(0) AS value
     FROM kaquan_store.buyer_orders WHERE ${named}`,
    `SELECT app_id, open_id, 'user_id' AS what, argMax(user_id, at) AS id, toInt64(0) AS value
     FROM kaquan_store.identities WHERE ${named} GROUP BY app_id, open_id`,
  ];
  if (version !== undefined)
    tables.push(
      `SELECT app_id, open_id, toString(kind) AS what, id, value
       FROM kaquan_store.catalogue_holders WHERE version = ${stringLiteral(version)} AND ${named}`,
    );
  return tables.join(' UNION ALL ');
}
