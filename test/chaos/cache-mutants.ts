import type { Edit } from './mutated-build.ts';

/** A build without one of the cache's rules, and the histories in which that goes wrong. */
export interface CacheMutant {
  readonly edits: readonly Edit[];
  readonly fails: readonly (
    'thrownBatch' | 'partitionComesBack' | 'insertFailsBehindFold' | 'killedWithTwoBatches'
  )[];
}

const PIPELINE = 'consumers/orders/pipeline.js';
const BUILDER = 'consumers/orders/batch-builder.js';

export const CACHE_MUTANTS: Readonly<Record<string, CacheMutant>> = {
  'states-outlive-the-assignment': {
    edits: [
      {
        file: PIPELINE,
        text: 'lanes: createLanes(partitions, lanes),',
        by: `lanes: new Map([...createLanes(partitions, lanes)].map(([partition, lane]) => {
          this.kept ??= new Map();
          if (!this.kept.has(partition)) this.kept.set(partition, lane);
          return [partition, this.kept.get(partition)];
        })),`,
      },
    ],
    fails: ['thrownBatch', 'partitionComesBack'],
  },
  'known-orders-outlive-the-assignment': {
    edits: [
      {
        file: PIPELINE,
        text: "const known = await persist('the known orders',",
        by: "const known = this.kept ??= await persist('the known orders',",
      },
    ],
    fails: ['partitionComesBack'],
  },
  'unstored-states-are-evicted': {
    edits: [
      {
        file: 'consumers/orders/state-cache.js',
        text: 'return this.#pinned.get(order)?.state ?? this.#settled?.get(order);',
        by: 'return this.#settled?.get(order);',
      },
    ],
    fails: ['insertFailsBehindFold'],
  },
  'a-failed-batch-is-folded-again': {
    edits: [
      {
        file: 'consumers/orders/store.js',
        text: 'what === EVENTS && isDataRefusal(error)',
        by: 'true',
      },
      {
        file: PIPELINE,
        text: 'await store.store(batch, abort.signal);',
        by: `for (let isStored = false; !isStored;) {
          isStored = await store.store(batch, abort.signal).then(() => true, () => false);
          abort.signal.throwIfAborted();
          if (!isStored) batch = await batch.foldedAgain();
        }`,
      },
      {
        file: BUILDER,
        text: 'async add(fetched) {',
        by: 'async add(fetched) { (this.added ??= []).push(...fetched);',
      },
      {
        file: BUILDER,
        text: 'release: () => {',
        by: `foldedAgain: async () => {
          const again = new BatchBuilder(this.#number, this.#lanes, this.#workshop);
          await again.add(this.added);
          return again.seal();
        },
        release: () => {`,
      },
    ],
    fails: ['insertFailsBehindFold'],
  },
  'a-batch-overtakes': {
    edits: [
      {
        file: PIPELINE,
        text: `await storing;
            isStoring = true;`,
        by: 'isStoring = true;',
      },
    ],
    fails: ['killedWithTwoBatches'],
  },
};
