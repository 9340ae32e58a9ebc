import { POISON_KINDS, type PoisonKind } from './poison.ts';

/** What a simulation has published. */
export interface SimulationCounts {
  orders: number;
  /** Different events: what consumers must end up with. */
  events: number;
  /** Reports that were sent again. */
  duplicates: number;
  /** Events that were sent later than they should have been. */
  late: number;
  /** Reports that the producer refused. */
  refused: number;
  /** Records that a consumer must refuse, by what is wrong with them. */
  readonly poisoned: Record<PoisonKind, number>;
}

export const noCounts = (): SimulationCounts => ({
  orders: 0,
  events: 0,
  duplicates: 0,
  late: 0,
  refused: 0,
  poisoned: Object.fromEntries(POISON_KINDS.map((kind) => [kind, 0])) as Record<PoisonKind, number>,
});

export const poisonedIn = ({ poisoned }: SimulationCounts): number =>
  Object.values(poisoned).reduce((sum, count) => sum + count, 0);

/** How many records lie on the topic. */
export const recordsIn = (counts: SimulationCounts): number =>
  counts.events + counts.duplicates + poisonedIn(counts);
