import type { OrderStatus } from '../../schemas/coupon_order/event.ts';
import { buyerOf, type Buyer } from './buyer.ts';
import { compressed, journey } from './journey.ts';
import type { App, Batch, Channel, Merchant, Shop } from './merchant.ts';
import type { Random } from '../../runtime/process/random.ts';
import { SCENES } from './vocabulary.ts';

/** Who reports: a mini program with all it knows, or a back end with the required fields only. */
export type Reporter = 'mini-program' | 'back-end';

export interface Step {
  readonly status: OrderStatus;
  /** When it happened, milliseconds since 1970. */
  readonly time: number;
  readonly reporter: Reporter;
}

/** One simulated order, and all that will become of it. */
export interface Order {
  readonly id: string;
  readonly placedAt: number;
  readonly app: App;
  readonly batch: Batch;
  readonly buyer: Buyer;
  readonly couponIds: readonly string[];
  readonly payAmtFen: number;
  readonly scene: number;
  readonly shop: Shop | null;
  readonly channel: Channel | null;
  /** Whether its mini program passes on what an advertisement's link carried. */
  readonly fromAdvertisement: boolean;
  readonly steps: readonly Step[];
}

export interface OrderMaker {
  /** The next order. @param placedAt milliseconds since 1970 */
  next(placedAt: number): Order;
}

export interface OrderMakerOptions {
  readonly seed: string;
  readonly merchant: Merchant;
  readonly random: Random;
  /** Begins every order id; two runs with different ones share no order. */
  readonly idPrefix: string;
  /** How many people buy, in each app. */
  readonly buyers: number;
  /** Moves follow each other within a minute instead of within weeks. */
  readonly compress: boolean;
}

/** Makes orders one after the other; the same options give the same orders. */
export function createOrderMaker(options: OrderMakerOptions): OrderMaker {
  let made = 0;
  return {
    next(placedAt) {
      made += 1;
      return makeOrder(options, `${options.idPrefix}${String(made).padStart(7, '0')}`, Math.round(placedAt));
    },
  };
}

function makeOrder(
  { seed, merchant, random, buyers, compress }: OrderMakerOptions,
  id: string,
  placedAt: number,
): Order {
  const app = at(merchant.apps, merchant.appIndex(random));
  const batch = at(app.batches, app.batchIndex(random));
  const quantity = random.chance(0.15) ? random.int(2, 4) : 1;
  const inFull = random.chance(0.8);
  return {
    id,
    placedAt,
    app,
    batch,
    // Squared: a few come back again and again.
    buyer: buyerOf(seed, app.id, Math.floor(buyers * random.unit() ** 2)),
    couponIds: Array.from({ length: quantity }, (_, index) => `${id}-${index + 1}`),
    payAmtFen: batch.priceFen * quantity,
    scene: random.pick(SCENES),
    shop: random.chance(0.6) ? random.pick(app.shops) : null,
    channel: random.chance(0.85) ? random.pick(app.channels) : null,
    fromAdvertisement: random.chance(0.1),
    steps: makeSteps(random, placedAt, inFull ? 'mini-program' : 'back-end', compress),
  };
}

function makeSteps(random: Random, placedAt: number, reporter: Reporter, compress: boolean): Step[] {
  const steps: Step[] = [];
  let time = placedAt;
  for (const { status, gap } of journey(random)) {
    time += compress ? compressed(gap) : gap;
    steps.push({ status, time, reporter });
    // The payment's notice reaches the back end too, which reports it as well: sometimes in the same millisecond.
    if (status === 'payed' && reporter === 'mini-program' && random.chance(0.05)) {
      steps.push({ status, time: time + random.int(0, 3), reporter: 'back-end' });
    }
  }
  return steps;
}

function at<T>(list: readonly T[], index: number): T {
  const element = list[index];
  if (element === undefined) throw new RangeError(`no element ${index}`);
  return element;
}
