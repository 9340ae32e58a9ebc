import type { OrderState } from '../../domain/order/state.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { pairsCondition } from '../../runtime/clickhouse/literals.ts';
import { type OrderKey, orderId } from './judge.ts';
import { readStates, statesLookup } from './rows.ts';

/** Reads the stored states of orders in one request. @param timeoutMs shorter than the session */
export function stateLookUp(clickhouse: ClickHouse, timeoutMs: number) {
  return async (
    orders: readonly OrderKey[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, OrderState>> => {
    const pairs = orders.map(({ appId, orderId: order }) => [appId, order] as const);
    const condition = pairsCondition(['app_id', 'order_id'], pairs);
    const rows = await clickhouse.queryBuffer(statesLookup(condition), { timeoutMs, signal });
    const states = new Map<string, OrderState>();
    for (const { appId, orderId: order, state } of readStates(rows)) states.set(orderId(appId, order), state);
    return states;
  };
}
