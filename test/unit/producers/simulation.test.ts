import { describe, expect, it } from '@jest/globals';

import { recordsIn } from '../../../producers/simulator/counts.ts';
import { backlog, digest, grouped, reported, UNTIL } from './simulated.ts';

const DAY = 86_400_000;
const ORDERS = 800;
const simulated = backlog({ orders: ORDERS, invalid: 0.03 });
const reports = reported(simulated.sendings);
const firsts = reports.filter(({ first }) => first);

describe('a simulated backlog', () => {
  it('is the same, byte for byte, for the same seed and end', () => {
    expect(digest(backlog({ orders: ORDERS, invalid: 0.03 }).records)).toBe(digest(simulated.records));
  });

  it('is another one for another seed or end, and shares no order with it', () => {
    const orders = new Set(firsts.map(({ event }) => event.coupon.order_id));
    for (const other of [{ seed: '2' }, { until: UNTIL + 1 }, { orders: ORDERS - 1 }]) {
      const { sendings } = backlog({ orders: ORDERS, ...other });
      const some = reported(sendings.slice(0, 200));
      expect(some.filter(({ event }) => orders.has(event.coupon.order_id))).toEqual([]);
    }
  });

  it('has the same events whatever disturbs their sending', () => {
    const calm = reported(backlog({ orders: ORDERS, duplicates: 0, late: 0, invalid: 0 }).sendings);
    expect(new Set(calm.map(({ id }) => id))).toEqual(new Set(firsts.map(({ id }) => id)));
    const times = calm.map(({ event }) => event.time);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('counts exactly what it sends', () => {
    const { counts, records } = simulated;
    expect(counts.orders).toBe(ORDERS);
    expect(counts.events).toBe(new Set(reports.map(({ id }) => id)).size);
    expect(counts.events).toBe(firsts.length);
    expect(counts.duplicates).toBe(reports.length - firsts.length);
    expect(counts.late).toBe(reports.filter(({ late }) => late).length);
    expect(recordsIn(counts)).toBe(records.length);
  });

  it('keeps near the asked shares', () => {
    const { events, duplicates, late, refused, poisoned } = simulated.counts;
    const poison = Object.values(poisoned);
    expect(Math.abs(duplicates / events - 0.05)).toBeLessThan(0.012);
    expect(Math.abs(late / events - 0.1)).toBeLessThan(0.02);
    const bad = refused + poison.reduce((sum, count) => sum + count, 0);
    expect(Math.abs(bad / events - 0.03)).toBeLessThan(0.01);
    expect(refused).toBe(Math.ceil(bad / 2));
    expect(Math.min(...poison)).toBeGreaterThan(0);
  });

  it('happens within its days and ends at its end', () => {
    const times = firsts.map(({ event }) => event.time);
    expect(Math.max(...times)).toBeLessThanOrEqual(UNTIL);
    expect(Math.max(...times)).toBeGreaterThan(UNTIL - DAY / 4);
    expect(Math.min(...times)).toBeGreaterThan(UNTIL - 14 * DAY);
    expect(Math.min(...times)).toBeLessThan(UNTIL - 13 * DAY);
  });

  it('sends late events later than some that happened after them, some by hours', () => {
    let newest = 0;
    const behind = new Map<string, number>();
    for (const { id, event, first } of reports) {
      if (first) behind.set(id, newest - event.time);
      newest = Math.max(newest, event.time);
    }
    const late = firsts.filter((report) => report.late).map(({ id }) => behind.get(id) ?? 0);
    expect(late.filter((lag) => lag > 0).length / late.length).toBeGreaterThan(0.6);
    expect(late.filter((lag) => lag > 3_600_000).length).toBeGreaterThan(3);
    const punctual = firsts.filter((report) => !report.late).map(({ id }) => behind.get(id) ?? 0);
    expect(Math.max(...punctual)).toBeLessThan(72 * 3_600_000);
  });

  it('repeats reports after their first sending, some in another form of the same event', () => {
    const seen = new Set<string>();
    const keys = new Map<string, Set<string>>();
    for (const sending of simulated.sendings) {
      if (sending.kind !== 'report') continue;
      const { id } = reported([sending])[0] ?? { id: '' };
      if (!sending.first) expect(seen.has(id)).toBe(true);
      seen.add(id);
      keys.set(id, (keys.get(id) ?? new Set()).add(JSON.stringify(sending.report)));
    }
    const repeated = [...grouped(reports, ({ id }) => id)]
      .filter(([, same]) => same.length > 1)
      .map(([id]) => id);
    const otherForms = repeated.filter((id) => (keys.get(id)?.size ?? 0) > 1);
    expect(otherForms.length / repeated.length).toBeGreaterThan(0.3);
    expect(otherForms.length / repeated.length).toBeLessThan(0.8);
  });

  it('has events as large as the full sample of the specification, and small ones', () => {
    const sizes = simulated.records.map(({ value }) => value?.length ?? 0).sort((a, b) => a - b);
    expect(sizes[Math.floor(sizes.length / 2)]).toBeGreaterThan(450);
    expect(sizes[Math.floor(sizes.length * 0.1)]).toBeLessThan(250);
  });

  it('sells popular batches far more often than others, to buyers who return', () => {
    const orders = grouped(firsts, ({ event }) => event.coupon.order_id);
    const sold = [...orders.values()].map(([first]) => first?.event);
    const batches = [...grouped(sold, (event) => event?.coupon.coupon_batch_id ?? '').values()].map(
      ({ length }) => length,
    );
    expect(batches.length).toBeGreaterThan(100);
    expect(Math.max(...batches)).toBeGreaterThan(15 * (ORDERS / 240));
    const buyers = [...grouped(sold, (event) => event?.wx_user.open_id ?? '').values()].map(
      ({ length }) => length,
    );
    expect(buyers.filter((count) => count > 1).length).toBeGreaterThan(100);
    expect(new Set(sold.map((event) => event?.wx_user.app_id)).size).toBe(4);
  });
});
