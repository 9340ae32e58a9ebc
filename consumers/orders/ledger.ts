import { RowBinaryWriter } from '../../runtime/clickhouse/row-binary.ts';
import type { DeadLetter, Skip } from './batch.ts';
import type { Origin } from './dead-letters.ts';

/** Rows of a ledger: of offsets that are no stored record. */
export interface LedgerRows {
  readonly table: string;
  readonly sql: string;
  readonly rows: Buffer;
}

export function deadLetterRows(letters: readonly DeadLetter[], { group, generation }: Origin): LedgerRows {
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

export function skipRows(skips: readonly Skip[], { group, generation }: Origin): LedgerRows {
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
