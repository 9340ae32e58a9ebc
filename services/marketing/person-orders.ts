import type { Reader, ReadOptions } from '../../runtime/clickhouse/client.ts';
import { pairsCondition } from '../../runtime/clickhouse/literals.ts';

/** What else a buyer is called, whatever app reports him. */
export interface Person {
  readonly name: 'user_id' | 'union_id';
  readonly id: string;
}

/** An order that may have brought the buyer `openId` something. */
export interface CandidateOrder {
  readonly appId: string;
  readonly openId: string;
  readonly orderId: string;
}

interface Row extends Person {
  readonly app_id: string;
  readonly open_id: string;
  readonly order_id: string;
}

export const personName = ({ name, id }: Person): string => `${name}\0${id}`;

/** The orders in which persons were reported. @returns by `personName` */
export async function readPersonOrders(
  clickhouse: Reader,
  persons: readonly Person[],
  request: ReadOptions,
): Promise<ReadonlyMap<string, readonly CandidateOrder[]>> {
  const found = new Map<string, CandidateOrder[]>();
  if (persons.length === 0) return found;
  for (const row of await clickhouse.query<Row>(personOrdersSql(persons), request)) {
    const name = personName(row);
    const orders = found.get(name);
    const order = { appId: row.app_id, openId: row.open_id, orderId: row.order_id };
    if (orders === undefined) found.set(name, [order]);
    else orders.push(order);
  }
  return found;
}

export function personOrdersSql(persons: readonly Person[]): string {
  const named = pairsCondition(
    ['name', 'id'],
    persons.map(({ name, id }) => [name, id] as const),
  );
  return `SELECT DISTINCT name, id, app_id, open_id, order_id FROM kaquan_store.person_orders WHERE ${named}`;
}
