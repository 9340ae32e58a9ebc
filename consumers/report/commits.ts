import { setImmediate } from 'node:timers/promises';

import type { Group } from '../../runtime/kafka/group.ts';
import type { Persist } from '../../runtime/process/persistence.ts';
import { passing } from './crash-points.ts';
import type { Lane } from './lane.ts';

export interface CommitsOptions {
  readonly group: Pick<Group, 'commit'>;
  readonly epoch: number;
  readonly persist: Persist;
  readonly signal: AbortSignal;
}

/** The commits of one assignment: one at a time, each for all lanes that changed meanwhile. */
export class Commits {
  readonly #options: CommitsOptions;
  #dirty = new Set<Lane>();
  #committing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  /** Resolves when the lanes' position and note of now are committed; rejects when the assignment is over. */
  put(lanes: Iterable<Lane>): Promise<void> {
    for (const lane of lanes) this.#dirty.add(lane);
    this.#next ??= this.#committing
      .catch(() => undefined)
      // Answers arrive together: all that this turn of the event loop brings is committed at once.
      .then(() => setImmediate())
      .then(() => {
        this.#next = undefined;
        this.#committing = this.#commit();
        return this.#committing;
      });
    return this.#next;
  }

  async #commit(): Promise<void> {
    const { group, epoch, persist, signal } = this.#options;
    const lanes = [...this.#dirty];
    this.#dirty = new Set();
    const offsets = new Map(lanes.map((lane) => [lane.partition, lane.position()]));
    const notes = new Map(
      lanes.flatMap((lane) => {
        const note = lane.note();
        return note === undefined || note === null ? [] : [[lane.partition, note] as const];
      }),
    );
    passing('report/committing');
    const isOurs = await persist('the commit', () => group.commit(epoch, offsets, notes), signal, 'Kafka');
    passing('report/committed', isOurs);
    if (!isOurs) throw new Error('the assignment is over');
  }
}
