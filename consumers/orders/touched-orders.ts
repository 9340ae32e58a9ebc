import { NO_STATE, type OrderState } from '../../domain/order/state.ts';
import type { OrderKey } from './judge.ts';
import type { KnownOrders } from './known-orders.ts';
import type { Lane } from './lane.ts';

/** An order that a batch folds events into. */
export interface TouchedOrder {
  readonly order: OrderKey;
  state: OrderState;
  isChanged: boolean;
}

/** The stored states of these orders, by `OrderKey.id`; an order that is left out has none. */
export type LookUp = (orders: readonly OrderKey[]) => Promise<ReadonlyMap<string, OrderState>>;

/** The orders of one batch, with the states that they had before it, and then have. */
export class TouchedOrders {
  readonly #known: KnownOrders;
  readonly #lookUp: LookUp;
  readonly #byLane = new Map<Lane, Map<string, TouchedOrder>>();
  #missing: TouchedOrder[] = [];

  constructor(known: KnownOrders, lookUp: LookUp) {
    this.#known = known;
    this.#lookUp = lookUp;
  }

  get byLane(): ReadonlyMap<Lane, ReadonlyMap<string, TouchedOrder>> {
    return this.#byLane;
  }

  /** The order; its state is there once `load` has resolved. @param key the record's */
  of(lane: Lane, order: OrderKey, key: Buffer): TouchedOrder {
    let orders = this.#byLane.get(lane);
    if (orders === undefined) this.#byLane.set(lane, (orders = new Map<string, TouchedOrder>()));
    let touched = orders.get(order.id);
    if (touched === undefined) {
      touched = this.#begin(lane, order, key);
      orders.set(order.id, touched);
    }
    return touched;
  }

  /** Looks the states up that neither memory nor the filter of known orders tells. */
  async load(): Promise<void> {
    const missing = this.#missing;
    if (missing.length === 0) return;
    this.#missing = [];
    const stored = await this.#lookUp(missing.map(({ order }) => order));
    for (const touched of missing) touched.state = stored.get(touched.order.id) ?? NO_STATE;
  }

  #begin(lane: Lane, order: OrderKey, key: Buffer): TouchedOrder {
    const remembered = lane.states.get(order.id);
    const touched = { order, state: remembered ?? NO_STATE, isChanged: false };
    if (remembered === undefined) {
      if (this.#known.mayHave(key)) this.#missing.push(touched);
      else this.#known.add(key);
    }
    lane.states.pin(order.id, touched);
    return touched;
  }
}
