import type { Refusal } from '../refusals.ts';

/** The moment of a timestamp: ten digits are seconds, thirteen milliseconds. @returns ms; undefined if it is neither */
export function momentOf(timestamp: string): number | undefined {
  if (/^\d{13}$/.test(timestamp)) return Number(timestamp);
  return /^\d{10}$/.test(timestamp) ? Number(timestamp) * 1000 : undefined;
}

/** @param skewMs how far a signed time may lie from `now`, before or after */
export function judgeMoment(timestamp: string, now: number, skewMs: number): Refusal | undefined {
  const moment = momentOf(timestamp);
  if (moment === undefined)
    return { kind: 'expired', detail: 'the timestamp must have 10 digits (seconds) or 13 (milliseconds)' };
  const apart = Math.abs(now - moment);
  if (apart <= skewMs) return undefined;
  return {
    kind: 'expired',
    detail: `the timestamp is ${Math.ceil(apart / 1000)} s ${moment < now ? 'ago' : 'ahead'}, at most ${skewMs / 1000} s are accepted`,
  };
}
