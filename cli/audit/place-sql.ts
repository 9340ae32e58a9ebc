import { stringLiteral } from '../../runtime/clickhouse/literals.ts';

/** From the first offset of each partition that is looked at to before the last. */
export type Window = ReadonlyMap<number, { readonly from: number; readonly to: number }>;

/** How a group accounts for the records that it processed. */
export type Ledger = 'events' | 'report_deliveries';

export interface Accounting {
  readonly group: string;
  readonly ledger: Ledger;
  /** The recorded generation of the topic. */
  readonly generation: number;
}

/** The condition that a place lies in the window. */
export function inWindow(window: Window): string {
  const each = [...window].map(
    ([partition, { from, to }]) => `(partition = ${partition} AND offset >= ${from} AND offset < ${to})`,
  );
  return each.length === 0 ? '0' : `(${each.join(' OR ')})`;
}

/** A skip of so many offsets is one that an operator accepted; it is not counted offset by offset. */
export const LONG_SKIP = 100_000;

/** partition, offset: of stored records, dead letters and skips. An offset may come more than once. */
const accounted = ({ group, ledger, generation }: Accounting, window: Window): string => {
  const places = `generation = ${generation} AND ${inWindow(window)}`;
  const owned = `consumer_group = ${stringLiteral(group)}`;
  return `
    SELECT partition, offset FROM kaquan_store.${ledger} WHERE ${places}
    UNION ALL
    SELECT partition, offset FROM kaquan_store.dead_letters WHERE ${owned} AND ${places}
    UNION ALL
    SELECT partition, offset FROM
    (
      SELECT partition, arrayJoin(range(first_offset, last_offset + 1)) AS offset FROM kaquan_store.skips
      WHERE ${owned} AND generation = ${generation} AND last_offset - first_offset < ${LONG_SKIP}
    )
    WHERE ${inWindow(window)}`;
};

/** By partition and slice of offsets, how many of them are accounted for. A bitmap, for it has to hold every offset. */
export const accountedBySlice = (accounting: Accounting, window: Window, slice: number): string =>
  `SELECT partition, toFloat64(intDiv(offset, ${slice})) AS slice, toFloat64(groupBitmap(offset)) AS accounted
   FROM (${accounted(accounting, window)}) GROUP BY partition, slice`;

/** The ranges of offsets, from `from` to before `to` of one partition, that are not accounted for. */
export function unaccountedRanges(
  accounting: Accounting,
  partition: number,
  from: number,
  to: number,
): string {
  const window: Window = new Map([[partition, { from, to }]]);
  const all = [accounted(accounting, window), ...repeated(accounting, window)].join(' UNION ALL ');
  return `
    SELECT toFloat64(min(missing)) AS first, toFloat64(max(missing)) AS last FROM
    (
      SELECT missing, toInt64(missing) - row_number() OVER (ORDER BY missing) AS island FROM
      (SELECT number AS missing FROM numbers(${from}, ${to - from}) WHERE number NOT IN (SELECT offset FROM (${all})))
    )
    GROUP BY island ORDER BY first`;
}

/** The API is told of an event once, and the ledger has it once: the event's other records are looked up by its id. */
function repeated({ ledger, generation }: Accounting, window: Window): string[] {
  if (ledger === 'events') return [];
  const name = 'app_id, time, event_id';
  const records = `FROM kaquan_store.events WHERE generation = ${generation} AND ${inWindow(window)}`;
  const told = `SELECT ${name} FROM kaquan_store.${ledger} WHERE (${name}) IN (SELECT ${name} ${records})`;
  return [`SELECT partition, offset ${records} AND (${name}) IN (${told})`];
}

/** partition, first, last: the skips that are too long to be counted offset by offset. */
export const longSkips = ({ group, generation }: Accounting): string =>
  `SELECT partition, toFloat64(first_offset) AS first, toFloat64(last_offset) AS last FROM kaquan_store.skips FINAL
   WHERE consumer_group = ${stringLiteral(group)} AND generation = ${generation} AND last_offset - first_offset >= ${LONG_SKIP}`;
