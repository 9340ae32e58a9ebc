import { inWindow } from '../audit/place-sql.ts';

/** A place in the log of every partition: which events are folded, and which are not yet. */
export interface Cut {
  /** All events of earlier generations lie below. */
  readonly generation: number;
  /** By partition, the offset before which events lie below; a partition that is not here has none. */
  readonly offsets: ReadonlyMap<number, number>;
}

/** The condition that an event lies below. */
export function below({ generation, offsets }: Cut): string {
  const window = new Map([...offsets].map(([partition, to]) => [partition, { from: 0, to }]));
  return `(generation < ${generation} OR (generation = ${generation} AND ${inWindow(window)}))`;
}
