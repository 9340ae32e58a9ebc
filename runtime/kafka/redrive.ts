import { lastText, writableHeaders, type Headers } from './dead-letters.ts';
import type { HeaderValue } from './producer.ts';

/** What the headers of a redriven record say: a dead letter that was published again. */
export interface Redrive {
  /** The one group that failed, and the only one that handles the record: the others handled the original. */
  readonly group: string;
  /** How many times the record was redriven, this time included. */
  readonly count: number;
}

/** The reason under which a group counts the redriven records that it skips. */
export const REDRIVEN_FOR_ANOTHER = 'redriven_for_another_group';

/** undefined: the record was never redriven. */
export function redriveOf(headers: Headers): Redrive | undefined {
  const group = lastText(headers, 'redrive_group');
  if (group === undefined) return undefined;
  const count = Number(lastText(headers, 'redrive_count'));
  return { group, count: Number.isSafeInteger(count) && count > 0 ? count : 1 };
}

/** The headers of a record that is redriven: its own, and what `redriveOf` reads. */
export function redriveHeaders(original: Headers, { group, count }: Redrive): Record<string, HeaderValue> {
  return { ...writableHeaders(original), redrive_group: group, redrive_count: String(count) };
}

/** Whether `group` is to skip and count the record, because it was redriven for another one. */
export function isForAnother(headers: Headers, group: string): boolean {
  const redrive = redriveOf(headers);
  return redrive !== undefined && redrive.group !== group;
}
