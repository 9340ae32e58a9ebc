import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { PartitionOffsets } from '../../runtime/kafka/admin.ts';
import type { FetchedRecord } from '../../runtime/kafka/group.ts';
import { accountedBySlice, longSkips, unaccountedRanges, type Accounting, type Window } from './place-sql.ts';
import { lengthOf, rangesOf, within, without, type OffsetRange } from './ranges.ts';
import { UNHURRIED } from './query.ts';

/** One partition of one group. */
export interface AuditedPlaces {
  readonly group: string;
  readonly partition: number;
  /** The first offset that was looked at. */
  readonly from: number;
  /** The offset before which all must be accounted for: the group's commit. */
  readonly to: number;
  /** Offsets that the log has, below the commit, and nothing accounts for. */
  readonly unaccounted: number;
  /** The first of them. */
  readonly ranges: readonly OffsetRange[];
  /** Offsets that nothing accounts for, of which nobody can say any more whether there was a record. */
  readonly unclaimed: number;
}

/** What became of the records that the tables do not account for. */
export interface Examined {
  /** Of those given: the ones that must be accounted for, ascending. */
  readonly unaccounted: readonly number[];
  /** How many were accounted for once, but their rows had to go (a TTL). */
  readonly forgotten: number;
}

export interface PlaceAuditParts {
  readonly clickhouse: ClickHouse;
  /** The records of a part of the log, ascending. */
  readonly read: (partition: number, range: OffsetRange) => AsyncIterable<readonly FetchedRecord[]>;
  /** The log's offsets, asked for after the tables. */
  readonly log: () => Promise<ReadonlyMap<number, PartitionOffsets>>;
  readonly examine: (records: readonly FetchedRecord[]) => Promise<Examined>;
  /** Offsets that are looked at at once: what memory must hold. */
  readonly slice: number;
}

// Ranges that are named for a person.
const NAMED = 20;

/** Looks at every offset of the window; see `Examined` for the log's part in it. */
export async function auditPlaces(
  accounting: Accounting,
  window: Window,
  parts: PlaceAuditParts,
): Promise<AuditedPlaces[]> {
  const { clickhouse, slice } = parts;

  const counted = await clickhouse.query<{ partition: number; slice: number; accounted: number }>(
    accountedBySlice(accounting, window, slice),
    UNHURRIED,
  );
  const counts = new Map(counted.map((row) => [`${row.partition}:${row.slice}`, row.accounted]));
  const skips = await clickhouse.query<OffsetRange & { partition: number }>(longSkips(accounting), UNHURRIED);
  const audited: AuditedPlaces[] = [];
  for (const [partition, { from, to }] of [...window].sort(([a], [b]) => a - b)) {
    const own = skips.filter((skip) => skip.partition === partition);
    const found = new Findings();
    for (const [number, piece] of slicesOf(from, to, slice)) {
      const count = counts.get(`${partition}:${number}`) ?? 0;
      if (count < lengthOf([piece])) await auditSlice(accounting, partition, piece, own, found, parts);
    }
    audited.push({ group: accounting.group, partition, from, to, ...found.asResult() });
  }
  return audited;
}

function* slicesOf(from: number, to: number, slice: number): Generator<[number: number, piece: OffsetRange]> {
  for (let number = Math.floor(from / slice); number * slice < to; number += 1)
    yield [number, { first: Math.max(from, number * slice), last: Math.min(to, (number + 1) * slice) - 1 }];
}

async function auditSlice(
  accounting: Accounting,
  partition: number,
  piece: OffsetRange,
  skips: readonly OffsetRange[],
  found: Findings,
  { clickhouse, log, read, examine }: PlaceAuditParts,
): Promise<void> {
  if (without([piece], skips).length === 0) return;
  const sql = unaccountedRanges(accounting, partition, piece.first, piece.last + 1);
  const missing = without(await clickhouse.query<OffsetRange>(sql, UNHURRIED), skips);
  const first = missing[0]?.first;
  const last = missing.at(-1)?.last;
  if (first === undefined || last === undefined) return;
  const { start, end } = (await log()).get(partition) ?? { start: 0, end: 0 };
  found.unclaimed += lengthOf(within(missing, { first: 0, last: start - 1 }));
  // A commit behind the log's end accounts for records that nobody ever read.
  found.add(within(missing, { first: end, last: Number.MAX_SAFE_INTEGER }));
  const present = within(missing, { first: start, last: end - 1 });
  const range = { first: Math.max(first, start), last: Math.min(last, end - 1) };
  if (present.length === 0) return;
  const isMissing = membership(present);
  for await (const records of read(partition, range)) {
    const { unaccounted, forgotten } = await examine(records.filter(({ offset }) => isMissing(offset)));
    found.add(rangesOf(unaccounted));
    found.unclaimed += forgotten;
  }
}

/** Whether an offset lies in one of the ranges; asked for ascending offsets. */
function membership(ranges: readonly OffsetRange[]): (offset: number) => boolean {
  let at = 0;
  return (offset) => {
    while ((ranges[at]?.last ?? offset) < offset) at += 1;
    return (ranges[at]?.first ?? offset + 1) <= offset;
  };
}

class Findings {
  unclaimed = 0;
  #unaccounted = 0;
  #ranges: OffsetRange[] = [];

  add(ranges: readonly OffsetRange[]): void {
    this.#unaccounted += lengthOf(ranges);
    this.#ranges = [...this.#ranges, ...ranges].slice(0, NAMED);
  }

  asResult(): Pick<AuditedPlaces, 'unaccounted' | 'ranges' | 'unclaimed'> {
    return { unaccounted: this.#unaccounted, ranges: this.#ranges, unclaimed: this.unclaimed };
  }
}
