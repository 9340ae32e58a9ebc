import { expect, it } from '@jest/globals';
import fc from 'fast-check';

import { disputedFor } from '../../domain/order/disputes.ts';
import { fold } from '../../domain/order/fold.ts';
import { NO_STATE, type OrderState } from '../../domain/order/state.ts';
import { ownOrdersOf, type OwnOrderRow } from '../../services/marketing/own-orders.ts';
import type { PaidOrder } from '../../services/marketing/paid-orders.ts';
import { history, type Happening } from '../model/histories.ts';
import { Tables } from '../model/tables.ts';

const ORDERS = ['A', 'B'];
const STORED = ['nothing', 'disputes', 'events', 'states', 'commit'] as const;

/** A consumer that takes so many records, and dies when so much of them is stored, or committed. */
interface Attempt {
  readonly records: number;
  readonly stored: (typeof STORED)[number];
}

const attempts = fc.array(
  fc.record({ records: fc.integer({ min: 1, max: 6 }), stored: fc.constantFrom(...STORED) }),
  { maxLength: 8 },
);

const rowOf = (
  { order, status, entry }: Happening,
  of: OwnOrderRow['status'],
  openId = entry.openId,
): OwnOrderRow => ({
  app_id: 'a',
  order_id: order,
  open_id: openId,
  status: of,
  ...(of === 'payed' && status === 'payed'
    ? {
        paid_at: String(entry.time),
        event_id: Buffer.from(entry.eventId, 'latin1').toString('hex').toUpperCase(),
        coupon_batch_id: entry.couponBatchId,
        coupon_ids: entry.couponIds,
      }
    : { paid_at: '0', event_id: '00'.repeat(16), coupon_batch_id: '', coupon_ids: [] }),
});

/** What lies under the names of buyers, as the store keeps it: the same row once. */
class Index {
  readonly #rows = new Map<string, OwnOrderRow>();

  put(row: OwnOrderRow): void {
    this.#rows.set(JSON.stringify(row), row);
  }

  get buyers(): ReadonlySet<string> {
    return new Set([...this.#rows.values()].map(({ open_id }) => open_id));
  }

  of(openId: string): OwnOrderRow[] {
    return [...this.#rows.values()].filter(({ open_id }) => open_id === openId);
  }
}

/**
 * Takes the log in as the group of orders does, each attempt from the last commit on.
 * @param onStored called whenever something was stored
 */
function consume(
  log: readonly Happening[],
  plan: readonly Attempt[],
  onStored: (index: Index, tables: Tables) => void = () => undefined,
): { index: Index; tables: Tables } {
  const index = new Index();
  const tables = new Tables();
  const store = (from: number, batch: readonly Happening[], stored: Attempt['stored']): number => {
    const states = new Map<string, OrderState>();
    const disputes: OwnOrderRow[] = [];
    for (const happening of batch) {
      const { order, status, entry } = happening;
      const before = states.get(order) ?? tables.states.get(order) ?? NO_STATE;
      const after = fold(before, status, entry, () => undefined);
      for (const openId of disputedFor(before, after, status, entry))
        disputes.push(rowOf(happening, 'disputed', openId));
      states.set(order, after);
    }
    const reached = STORED.indexOf(stored);
    if (reached >= 1) disputes.forEach((row) => index.put(row));
    if (reached >= 2)
      for (const happening of batch) {
        const { status } = happening;
        if (status === 'payed' || status === 'refund' || status === 'cancel_give_order')
          index.put(rowOf(happening, status));
        onStored(index, tables);
      }
    if (reached >= 3) states.forEach((state, order) => tables.putState(order, state));
    onStored(index, tables);
    return reached >= 4 ? from + batch.length : from;
  };
  let committed = 0;
  for (const { records, stored } of plan)
    committed = store(committed, log.slice(committed, committed + records), stored);
  store(committed, log.slice(committed), 'commit');
  return { index, tables };
}

function expected({ payed, refund, cancel_give_order }: OrderState, order: string): PaidOrder | undefined {
  if (payed === undefined) return undefined;
  return {
    appId: 'a',
    orderId: order,
    openId: payed.openId,
    paidAt: payed.time,
    eventId: Buffer.from(payed.eventId, 'latin1').toString('hex').toUpperCase(),
    couponBatchId: payed.couponBatchId,
    couponIds: payed.couponIds,
    lost: refund !== undefined ? 'refunded' : cancel_give_order !== undefined ? 'cancelled' : undefined,
  };
}

it('what a buyer’s own events say of an order is what its state says, unless it is disputed, whoever dies when', () => {
  fc.assert(
    fc.property(history, attempts, fc.boolean(), (log, plan, backwards) => {
      const { index, tables } = consume(log, plan);
      for (const buyer of index.buyers) {
        const rows = index.of(buyer);
        const { paid, disputed } = ownOrdersOf(backwards ? rows.toReversed() : rows);
        const unknown = new Set(disputed.map(({ orderId }) => orderId));
        for (const order of ORDERS.filter((name) => !unknown.has(name))) {
          const state = expected(tables.states.get(order) ?? NO_STATE, order);
          expect(paid.find(({ orderId }) => orderId === order)).toEqual(
            state?.openId === buyer ? state : undefined,
          );
        }
      }
    }),
    { numRuns: 2000 },
  );
});

it('no order is ever held by two', () => {
  const holdersOf = (index: Index, tables: Tables, order: string): string[] =>
    [...index.buyers].filter((buyer) => {
      const { paid, disputed } = ownOrdersOf(index.of(buyer));
      const isDisputed = disputed.some(({ orderId }) => orderId === order);
      const payer = tables.states.get(order)?.payed?.openId;
      return isDisputed ? payer === buyer : paid.some(({ orderId }) => orderId === order);
    });
  fc.assert(
    fc.property(history, attempts, (log, plan) => {
      consume(log, plan, (index, tables) => {
        for (const order of ORDERS) expect(holdersOf(index, tables, order).length).toBeLessThan(2);
      });
    }),
    { numRuns: 500 },
  );
});

it('no order is disputed that one buyer reports, and pays before he loses it', () => {
  const alone = history.map((log) =>
    log
      .map((happening) => ({
        ...happening,
        entry: { ...happening.entry, openId: 'o', couponIds: ['c'], couponBatchId: 'b' },
      }))
      .toSorted((a, b) => Number(b.status === 'payed') - Number(a.status === 'payed')),
  );
  fc.assert(
    fc.property(alone, (log) => {
      const { index } = consume(log, []);
      expect(ownOrdersOf(index.of('o')).disputed).toEqual([]);
    }),
  );
});
