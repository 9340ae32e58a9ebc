import { LRUCache } from 'lru-cache';

import type { OrderState } from '../../domain/order/state.ts';

/** The state that a batch works on. */
export interface WorkingState {
  state: OrderState;
}

/**
 * The states of one assignment of one partition. A state that a batch works on is pinned until that batch's states are
 * stored: an evicted one would be looked up as it was before.
 */
export class StateCache {
  readonly #settled: LRUCache<string, OrderState> | undefined;
  readonly #pinned = new Map<string, WorkingState>();

  /** @param size states kept beside the pinned ones */
  constructor(size: number) {
    this.#settled = size > 0 ? new LRUCache({ max: size }) : undefined;
  }

  get size(): number {
    return this.#pinned.size + (this.#settled?.size ?? 0);
  }

  get(order: string): OrderState | undefined {
    return this.#pinned.get(order)?.state ?? this.#settled?.get(order);
  }

  /** Keeps what a batch works on, until `stored` is told of it or of what a later batch pinned. */
  pin(order: string, working: WorkingState): void {
    this.#pinned.set(order, working);
  }

  /** What a batch worked on is stored. */
  stored(order: string, working: WorkingState): void {
    if (this.#pinned.get(order) !== working) return;
    this.#pinned.delete(order);
    this.#settled?.set(order, working.state);
  }
}
