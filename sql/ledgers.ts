import type { ClickHouse, RequestOptions } from '../runtime/clickhouse/client.ts';
import { RowBinaryWriter } from '../runtime/clickhouse/row-binary.ts';
import type { Skip } from '../runtime/kafka/starting-offsets.ts';

/** Whose records they are: a group, and the recorded generation of its topic. */
export interface LedgerOwner {
  readonly group: string;
  readonly generation: number;
}

/** A dead letter as the ledger knows it: where its record lies, and why. */
export interface LedgerLetter {
  readonly place: { readonly partition: number; readonly offset: number; readonly time: number };
  readonly reason: string;
}

/** Rows of a ledger: of offsets that are no stored record. */
export interface LedgerRows {
  readonly table: string;
  readonly sql: string;
  readonly rows: Buffer;
}

/** The reason under which a group counts what it processed when the topic had an earlier generation. */
export const EARLIER_GENERATION = 'earlier_generation';

export function deadLetterRows(
  letters: readonly LedgerLetter[],
  { group, generation }: LedgerOwner,
): LedgerRows {
  const to = new RowBinaryWriter();
  for (const { place, reason } of letters) {
    to.string(group);
    to.uint32(generation);
    to.uint32(place.partition);
    to.int64(place.offset);
    to.int64(place.time);
    to.string(reason);
  }
  const columns = 'consumer_group, generation, partition, offset, record_time, reason';
  return ledger('dead_letters', columns, to);
}

export function skipRows(skips: readonly Skip[], { group, generation }: LedgerOwner): LedgerRows {
  const to = new RowBinaryWriter();
  for (const { partition, first, last, reason } of skips) {
    to.string(group);
    to.uint32(generation);
    to.uint32(partition);
    to.int64(first);
    to.int64(last);
    to.string(reason);
  }
  return ledger('skips', 'consumer_group, generation, partition, first_offset, last_offset, reason', to);
}

function ledger(table: string, columns: string, rows: RowBinaryWriter): LedgerRows {
  const sql = `INSERT INTO kaquan_store.${table} (${columns}) FORMAT RowBinary`;
  return { table, sql, rows: rows.written() };
}

/** By partition, the last stored record: its offset and its timestamp, ms. Reads two columns of all events. */
export async function lastStoredRecords(
  clickhouse: ClickHouse,
  generation: number,
  options: RequestOptions,
): Promise<ReadonlyMap<number, { readonly offset: number; readonly time: number }>> {
  const rows = await clickhouse.query<{ partition: number; last: string; time: string }>(
    'SELECT partition, max(offset) AS last, toUnixTimestamp64Milli(argMax(record_time, offset)) AS time ' +
      'FROM kaquan_store.events WHERE generation = {generation:UInt32} GROUP BY partition',
    { ...options, params: { generation } },
  );
  return new Map(
    rows.map(({ partition, last, time }) => [partition, { offset: Number(last), time: Number(time) }]),
  );
}

/** By partition, the offset after the highest that the tables account for. */
export async function accountedOffsets(
  clickhouse: ClickHouse,
  { group, generation }: LedgerOwner,
  options: RequestOptions,
): Promise<ReadonlyMap<number, number>> {
  const rows = await clickhouse.query<{ partition: number; next: string }>(
    'SELECT partition, max(offset) + 1 AS next FROM kaquan_store.high_water ' +
      'WHERE consumer_group = {group:String} AND generation = {generation:UInt32} GROUP BY partition',
    { ...options, params: { group, generation } },
  );
  return new Map(rows.map((row) => [row.partition, Number(row.next)]));
}
