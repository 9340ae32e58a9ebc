import type { Random } from '../../runtime/process/random.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
// Midnight of UTC+8, where the merchant's buyers live.
const DAY_STARTS_AT = -8 * HOUR;

/** How much is bought in each hour of a day, relatively. */
const HOURS = [2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 12, 16, 18, 13, 10, 10, 11, 14, 17, 18, 16, 12, 8, 4] as const;
const DAY_SUM = HOURS.reduce((sum, weight) => sum + weight, 0);

/** How much is bought until `time` (milliseconds since 1970), in days of an average day. */
function boughtUntil(time: number): number {
  const local = time - DAY_STARTS_AT;
  const day = Math.floor(local / DAY);
  const hour = Math.floor((local - day * DAY) / HOUR);
  let sum = ((local - day * DAY) / HOUR - hour) * (HOURS[hour] ?? 0);
  for (let earlier = 0; earlier < hour; earlier += 1) sum += HOURS[earlier] ?? 0;
  return day + sum / DAY_SUM;
}

/** The time at which this much is bought. */
function timeOf(bought: number): number {
  const day = Math.floor(bought);
  let rest = (bought - day) * DAY_SUM;
  let hour = 0;
  for (const weight of HOURS) {
    if (rest < weight) break;
    rest -= weight;
    hour += 1;
  }
  return DAY_STARTS_AT + day * DAY + (hour + rest / (HOURS[hour] ?? 1)) * HOUR;
}

/**
 * When each of `count` orders is placed, ascending, milliseconds since 1970: after `from` and not after `until`, more at noon and in the
 * evening than at night. Needs no memory for the orders to come.
 */
export function* arrivals(random: Random, count: number, from: number, until: number): Generator<number> {
  const end = boughtUntil(until);
  let bought = boughtUntil(from);
  for (let left = count; left > 0; left -= 1) {
    // The least of `left` uniform draws from what is left of the time.
    bought += (end - bought) * (1 - (1 - random.unit()) ** (1 / left));
    yield Math.min(Math.max(Math.ceil(timeOf(bought)), from + 1), until);
  }
}
