import { hash } from 'node:crypto';

import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A stream of random numbers that is a function of its seed alone. */
export interface Random {
  /** From 0 (included) to 1 (excluded). */
  unit(): number;
  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number;
  chance(probability: number): boolean;
  /** @throws {RangeError} for an empty list */
  pick<T>(list: readonly T[]): T;
}

/** @param purpose keeps streams of one seed apart, so that drawing more from one changes nothing in another */
export function createRandom(seed: string, purpose: string): Random {
  const generator = xoroshiro128plus(hash('sha256', `${seed}/${purpose}`, 'buffer').readInt32LE());
  const unit = () => uniformFloat64(generator);
  const int = (min: number, max: number) => min + Math.floor(unit() * (max - min + 1));
  return {
    unit,
    int,
    chance: (probability) => unit() < probability,
    pick(list) {
      const picked = list[int(0, list.length - 1)];
      if (picked === undefined) throw new RangeError('nothing to pick from');
      return picked;
    },
  };
}

/** A time that is mostly near `median` and now and then much longer. @param spread 0.3 narrow, 1.5 a long tail */
export function longTailed(random: Random, median: number, spread: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit());
  return median * Math.exp(spread * normal);
}

/** A time from `min` to `max` whose every order of magnitude is as likely. */
export function logUniform(random: Random, min: number, max: number): number {
  return min * Math.exp(random.unit() * Math.log(max / min));
}

/** Draws an index with a probability proportional to its weight. */
export function weighted(weights: readonly number[]): (random: Random) => number {
  let sum = 0;
  const upTo = weights.map((weight) => (sum += weight));
  return (random) => {
    const drawn = random.unit() * sum;
    let low = 0;
    for (let high = upTo.length - 1; low < high;) {
      const middle = (low + high) >>> 1;
      if ((upTo[middle] ?? sum) > drawn) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** Weights of Zipf's law: the k-th most popular is k times rarer than the first. */
export const zipf = (count: number): number[] => Array.from({ length: count }, (_, index) => 1 / (index + 1));
