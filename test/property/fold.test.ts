import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { fold, milestoneOf } from '../../domain/order/fold.ts';
import { compareEntries, NO_STATE, STATUSES, type OrderState } from '../../domain/order/state.ts';
import { happening, history, type Happening } from '../model/histories.ts';
import { contentOf, Tables } from '../model/tables.ts';

/** Folds a log into tables, event by event. */
function folded(log: readonly Happening[]): Tables {
  const tables = new Tables();
  const states = new Map<string, OrderState>();
  for (const { order, status, entry } of log) {
    const before = states.get(order) ?? NO_STATE;
    const after = fold(before, status, entry, (row) => {
      tables.putMilestone(order, row);
    });
    states.set(order, after);
    tables.putState(order, after);
  }
  return tables;
}

/** What must come out, found by looking at all events of an order at once. */
function expected(log: readonly Happening[]): { live: string[]; states: Map<string, unknown> } {
  const live: string[] = [];
  const states = new Map<string, unknown>();
  for (const order of new Set(log.map((event) => event.order))) {
    const state: OrderState = { ...NO_STATE };
    for (const status of STATUSES) {
      const entries = log
        .filter((event) => event.order === order && event.status === status)
        .map(({ entry }) => entry);
      Object.assign(state, { [status]: entries.toSorted(compareEntries)[0] });
    }
    states.set(order, withoutRevision(state));
    for (const status of STATUSES) {
      const row = milestoneOf(state, status);
      if (row !== undefined) live.push(`${order} ${row.minute} ${row.status} ${contentOf(row)}`);
    }
  }
  return { live: live.sort(), states };
}

const withoutRevision = ({ revision: _, ...state }: OrderState) => state;

const statesOf = (tables: Tables): Map<string, unknown> =>
  new Map([...tables.states].map(([order, state]) => [order, withoutRevision(state)]));

describe('the fold', () => {
  it('gives the rows and states that all events at once give, in any order and with any duplicates', () => {
    fc.assert(
      fc.property(
        history.chain((log) =>
          fc.tuple(
            fc.constant(log),
            fc.shuffledSubarray(log, { minLength: log.length, maxLength: log.length }),
          ),
        ),
        ([log, shuffled]) => {
          const tables = folded(shuffled);
          const want = expected(log);
          expect(tables.live()).toEqual(want.live);
          expect(statesOf(tables)).toEqual(want.states);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('changes nothing when an event comes again', () => {
    fc.assert(
      fc.property(history, happening, (log, again) => {
        const order = [...log, again].filter((event) => event.order === again.order);
        let state = NO_STATE;
        for (const { status, entry } of order) state = fold(state, status, entry, () => undefined);
        const rows: unknown[] = [];
        const next = fold(state, again.status, again.entry, (row) => rows.push(row));
        expect(next).toBe(state);
        expect(rows).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('raises the revision by one for each event that changes the state, also when no row changes', () => {
    const base = {
      orderTime: 1,
      payAmt: 1,
      openId: 'o',
      couponBatchId: 'b',
      scene: 1,
      chanId: '',
      shopId: '',
      couponIds: [],
    };
    const rows: unknown[] = [];
    const first = fold(NO_STATE, 'pay', { ...base, time: 1000, eventId: 'b' }, () => undefined);
    const second = fold(first, 'pay', { ...base, time: 1000, eventId: 'a' }, (row) => rows.push(row));
    expect(second.revision).toBe(2);
    expect(rows).toEqual([]);
  });
});

describe('the order of entries', () => {
  it('is total, and by code points where JavaScript compares UTF-16 units', () => {
    fc.assert(
      fc.property(happening, happening, happening, (a, b, c) => {
        expect(Math.sign(compareEntries(a.entry, b.entry))).toBe(
          -Math.sign(compareEntries(b.entry, a.entry)) || 0,
        );
        if (compareEntries(a.entry, b.entry) <= 0 && compareEntries(b.entry, c.entry) <= 0) {
          expect(compareEntries(a.entry, c.entry)).toBeLessThanOrEqual(0);
        }
      }),
    );
    const base = {
      time: 1,
      eventId: 'e',
      orderTime: 1,
      payAmt: 1,
      couponBatchId: 'b',
      scene: 1,
      chanId: '',
      shopId: '',
      couponIds: [],
    };
    // U+1F600 is greater than U+E000, though its first UTF-16 unit (D83D) is less.
    expect(compareEntries({ ...base, openId: '\u{1F600}' }, { ...base, openId: '\uE000' })).toBeGreaterThan(
      0,
    );
  });
});
