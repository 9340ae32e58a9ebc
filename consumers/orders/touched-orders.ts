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

/** How many states were found in memory, looked up in the store, and known to be nowhere. */
export interface FoundStates {
  readonly memory: number;
  readonly store: number;
  readonly none: number;
}

/** The stored states of these orders, by `OrderKey.id`; an order that is left out has none. */
export type LookUp = (orders: readonly OrderKey[]) => Promise<ReadonlyMap<string, OrderState>>;

/** The orders of one batch, with the states that they had before it, and then have. */
export class TouchedOrders {
  readonly #known: KnownOrders;
  readonly #lookUp: LookUp;
  readonly #byLane = new Map<Lane, Map<string, TouchedOrder>>();
  readonly #found = { memory: 0, store: 0, none: 0 };
  #missing: TouchedOrder[] = [];

  constructor(known: KnownOrders, lookUp: LookUp) {
    this.#known = known;
    this.#lookUp = lookUp;
  }

  get byLane(): ReadonlyMap<Lane, ReadonlyMap<string, TouchedOrder>> {
    return this.#byLane;
  }

  get found(): FoundStates {
    return this.#found;
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
    this.#found.store += missing.length;
    const stored = await this.#lookUp(missing.map(({ order }) => order));
    for (const touched of missing) touched.state = stored.get(touched.order.id) ?? NO_STATE;
  }

  #begin(lane: Lane, order: OrderKey, key: Buffer): TouchedOrder {
    const remembered = lane.states.get(order.id);
    const touched = { order, state: remembered ?? NO_STATE, isChanged: false };
    if (remembered !== undefined) this.#found.memory += 1;
    else if (this.#known.mayHave(key)) this.#missing.push(touched);
    else {
      this.#found.none += 1;
      this.#known.add(key);
    }
    lane.states.pin(order.id, touched);
    return touched;
  }
}
