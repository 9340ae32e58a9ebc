import { LRUCache } from 'lru-cache';

import type { OrderState } from '../../domain/order/state.ts';

/**
 * The states of one assignment of one partition. A state that a batch changed is pinned until that batch's states are
 * stored: an evicted one would be looked up as it was before.
 */
export class StateCache {
  readonly #settled: LRUCache<string, OrderState> | undefined;
  readonly #pinned = new Map<string, { state: OrderState; batch: number }>();

  /** @param size states kept beside the pinned ones */
  constructor(size: number) {
    this.#settled = size > 0 ? new LRUCache({ max: size }) : undefined;
  }

  get(order: string): OrderState | undefined {
    return this.#pinned.get(order)?.state ?? this.#settled?.get(order);
  }

  /** Keeps a state as it is stored. */
  settle(order: string, state: OrderState): void {
    this.#settled?.set(order, state);
  }

  /** Keeps a state that `batch` changed, until `stored` is told of that batch or a later one. */
  pin(order: string, state: OrderState, batch: number): void {
    this.#pinned.set(order, { state, batch });
  }

  /** The states of `batch` are stored. */
  stored(batch: number, orders: Iterable<string>): void {
    for (const order of orders) {
      const pinned = this.#pinned.get(order);
      if (pinned?.batch !== batch) continue;
      this.#pinned.delete(order);
      this.settle(order, pinned.state);
    }
  }
}
