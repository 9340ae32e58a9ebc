import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { forgottenBefore, presentRetention } from '../../sql/retention.ts';
import { ORDER_KEY } from '../audit/order-sql.ts';
import { forgotten } from '../audit/orders.ts';
import { UNHURRIED } from '../audit/query.ts';
import { shadowOf } from './shadows.ts';

/** Orders of which a TTL removed events, or may remove them while a rebuild runs: their rows are carried over as they are. */
export interface Forgotten {
  /** How many. */
  readonly orders: number;
  /** The condition that an event can't be forgotten. */
  readonly isKept: string;
  /** The condition that an order is none of them. @param own the condition of a slice of orders */
  readonly others: (own: string) => string;
  /** Copies their rows into the shadows, once more if need be: what they say now is joined. */
  readonly carry: () => Promise<void>;
}

// A rebuild of a large store takes hours.
const AHEAD_MS = 86_400_000;
// An insert may touch 100 partitions unless told; these rows are of as many months as there are.
const ALL_MONTHS = { ...UNHURRIED, settings: { ...UNHURRIED.settings, max_partitions_per_insert_block: 0 } };

const NONE: Forgotten = { orders: 0, isKept: '1', others: () => '1', carry: () => Promise.resolve() };

/** @param now ms @param slice orders that are copied at once */
export async function forgottenOrders(
  clickhouse: ClickHouse,
  now: number,
  slice: number,
): Promise<Forgotten> {
  const { eventsDays } = await presentRetention(clickhouse);
  if (eventsDays === undefined) return NONE;
  const horizon = forgottenBefore(eventsDays, now, AHEAD_MS);
  const [counted] = await clickhouse.query<{ orders: number }>(
    `SELECT toFloat64(uniqExact(*)) AS orders FROM (${forgotten('1', horizon)})`,
    UNHURRIED,
  );
  const orders = counted?.orders ?? 0;
  const isKept = `time >= fromUnixTimestamp64Milli(${horizon}, 'UTC')`;
  if (orders === 0) return { ...NONE, isKept };
  const slices = Math.ceil(orders / slice);
  const carrySlice = async (own: string): Promise<void> => {
    // Milestones last: a state must never be ahead of them.
    for (const table of ['states', 'milestones'] as const) {
      await clickhouse.command(
        `INSERT INTO kaquan_store.${shadowOf(table)} SELECT * FROM kaquan_store.${table}
         WHERE ${own} AND ${ORDER_KEY} IN (${forgotten(own, horizon)})`,
        ALL_MONTHS,
      );
    }
  };
  return {
    orders,
    isKept,
    others: (own) => `${ORDER_KEY} NOT IN (${forgotten(own, horizon)})`,
    async carry() {
      for (let number = 0; number < slices; number += 1)
        await carrySlice(`${ORDER_KEY} % ${slices} = ${number}`);
    },
  };
}
