import { hash } from 'node:crypto';

import { arrivals } from './arrivals.ts';
import type { Shares } from './disturbance.ts';
import { InvalidSource } from './invalid.ts';
import { compressed } from './journey.ts';
import { createMerchant } from './merchant.ts';
import { createOrderMaker, type OrderMaker } from './order.ts';
import { createRandom } from '../../runtime/process/random.ts';
import { reportOf } from './report.ts';
import type { Sending } from './sending.ts';
import { Timeline, type Waiting } from './timeline.ts';

const DAY = 86_400_000;

export interface SimulationOptions extends Shares {
  /** The merchant, its buyers and all chances are made from this. */
  readonly seed: string;
}

export interface BacklogOptions extends SimulationOptions {
  readonly orders: number;
  /** No event happens after this; milliseconds since 1970. */
  readonly until: number;
  /** Over how many days before `until` the orders are placed. */
  readonly days: number;
}

/**
 * The reports of a merchant's past, in the order in which they are sent. The same options give the same reports; other shares
 * disturb the same events differently.
 * @yields each report, and just before the order's first one `onOrder` is called
 */
export function* simulateBacklog(
  options: BacklogOptions,
  onOrder: () => void = () => undefined,
): Generator<Sending> {
  const { orders, until, days } = options;
  const run = openRun(options, `backlog/${until}/${days}/${orders}`, {
    buyers: Math.max(100, Math.ceil(orders / 4)),
    compress: false,
    delay: (milliseconds) => milliseconds,
  });
  for (const placedAt of arrivals(run.random, orders, until - days * DAY, until)) {
    yield* sent(run, placedAt);
    onOrder();
    run.timeline.plan(run.orders.next(placedAt), until);
  }
  yield* sent(run, Infinity);
}

export interface LiveOptions extends SimulationOptions {
  /** When it starts, milliseconds since 1970: order ids are made from it. */
  readonly from: number;
}

/**
 * The reports of a merchant's present, without end: each `next(now)` gives what is sent at `now` (milliseconds since 1970, never
 * falling). Orders move on within a minute, so that cancels and refunds are seen soon.
 */
export function* simulateLive(
  options: LiveOptions,
  onOrder: () => void = () => undefined,
): Generator<Sending, never, number> {
  const run = openRun(options, `live/${options.from}`, { buyers: 5000, compress: true, delay: compressed });
  let now = options.from;
  for (;;) {
    const waiting = nextNow(run, now, onOrder);
    for (const sending of sendings(run, waiting)) now = yield sending;
  }
}

function nextNow(run: Run, now: number, onOrder: () => void): Waiting {
  for (;;) {
    const waiting = run.timeline.next(now);
    if (waiting !== undefined) return waiting;
    onOrder();
    run.timeline.plan(run.orders.next(now), Infinity);
  }
}

interface Run {
  readonly random: ReturnType<typeof createRandom>;
  readonly orders: OrderMaker;
  readonly timeline: Timeline;
  readonly invalid: InvalidSource;
}

interface RunShape {
  readonly buyers: number;
  readonly compress: boolean;
  readonly delay: (milliseconds: number) => number;
}

function openRun(options: SimulationOptions, name: string, { buyers, compress, delay }: RunShape): Run {
  const { seed } = options;
  const of = (purpose: string) => createRandom(seed, `${name}/${purpose}`);
  const random = of('orders');
  const merchant = createMerchant(seed);
  const idPrefix = idPrefixOf(seed, name);
  return {
    random: of('arrivals'),
    orders: createOrderMaker({ seed, merchant, random, idPrefix, buyers, compress }),
    timeline: new Timeline(of('disturbances'), options, delay),
    invalid: new InvalidSource(of('invalid'), options.invalid),
  };
}

const idPrefixOf = (seed: string, name: string): string =>
  `K${hash('sha256', `${seed}/${name}`).slice(0, 10).toUpperCase()}`;

function* sent(run: Run, until: number): Generator<Sending> {
  for (let waiting = run.timeline.next(until); waiting; waiting = run.timeline.next(until)) {
    yield* sendings(run, waiting);
  }
}

function* sendings(run: Run, waiting: Waiting): Generator<Sending> {
  const { order, step, form, first, late } = waiting;
  yield { kind: 'report', report: reportOf(order, step, form), first, late };
  yield* run.invalid.beside(waiting);
}
