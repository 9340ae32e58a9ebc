import { describe, expect, it } from '@jest/globals';

import { simulateLive } from '../../../producers/simulator/simulation.ts';
import { digest, ENCODING, grouped, reported, UNTIL } from './simulated.ts';
import { noCounts } from '../../../producers/simulator/counts.ts';
import { recordOf } from '../../../producers/simulator/records.ts';
import type { Sending } from '../../../producers/simulator/sending.ts';

const RATE = 20;

/** What a merchant sends in so many seconds, with the time of each sending. */
function live(seconds: number, from = UNTIL) {
  const simulation = simulateLive({ seed: '1', from, duplicates: 0.05, late: 0.1, invalid: 0.01 });
  const sent: { readonly at: number; readonly sending: Sending }[] = [];
  for (let index = 0; index < seconds * RATE; index += 1) {
    const at = from + Math.floor((index * 1000) / RATE);
    sent.push({ at, sending: simulation.next(at).value });
  }
  return sent;
}

const minutes = live(120);
const sendings = minutes.map(({ sending }) => sending);

describe('a simulated present', () => {
  it('sends one thing each time it is asked, the same for the same seed and start', () => {
    const bytes = (from?: number) =>
      digest(live(10, from).flatMap(({ sending }) => recordOf(sending, ENCODING, noCounts()) ?? []));
    expect(bytes()).toBe(bytes());
    expect(bytes(UNTIL + 1)).not.toBe(bytes());
  });

  it('tells what happens now: nothing of the future, and nothing old but what is late or sent again', () => {
    const ages = minutes.flatMap(({ at, sending }) => {
      const [report] = reported([sending]);
      return report?.first === true && !report.late ? [at - report.event.time] : [];
    });
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...ages)).toBeLessThan(1000);
  });

  it('lets orders move on within a minute', () => {
    const orders = grouped(reported(sendings), ({ event }) => event.coupon.order_id);
    const early = [...orders.values()].filter(
      ([first]) => (first?.event.coupon.order_time ?? 0) < UNTIL + 60_000,
    );
    const reached = (status: string) =>
      early.filter((reports) => reports.some(({ event }) => event.coupon.order_status === status)).length /
      early.length;
    expect(reached('payed')).toBeGreaterThan(0.75);
    expect(reached('refund')).toBeGreaterThan(0.02);
    expect(reached('cancel_give_order')).toBeGreaterThan(0.04);
  });
});
