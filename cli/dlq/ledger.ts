import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { RowBinaryWriter } from '../../runtime/clickhouse/row-binary.ts';
import { placeText, type KeptLetter, type Place } from './letters.ts';

/** A dead letter that was published again. */
export interface Redriven {
  /** How many times its record was redriven, that time included. */
  readonly count: number;
  /** ms */
  readonly at: number;
}

/**
 * What was redriven, remembered in ClickHouse. Offsets of a consumer group could not say it: a redrive by reason or time
 * leaves out what lies between. It is written after the broker has acknowledged: a redrive that is killed in between
 * publishes what it had in hand once more, which changes nothing, while the other order would lose it.
 */
export interface RedriveLedger {
  /** Those of `letters` that were redriven, by `placeText`. */
  find(letters: readonly KeptLetter[]): Promise<ReadonlyMap<string, Redriven>>;
  record(letters: readonly (KeptLetter & { readonly count: number })[]): Promise<void>;
}

export function redriveLedger(clickhouse: ClickHouse, group: string): RedriveLedger {
  return {
    find: (letters) => find(clickhouse, group, letters),
    record: (letters) => record(clickhouse, group, letters),
  };
}

type Row = Place & { readonly count: number; readonly at: number };

async function find(
  clickhouse: ClickHouse,
  group: string,
  letters: readonly KeptLetter[],
): Promise<ReadonlyMap<string, Redriven>> {
  if (letters.length === 0) return new Map();
  const places = letters.map(
    ({ place: { generation, partition, offset } }) => `(${generation},${partition},${offset})`,
  );
  const rows = await clickhouse.query<Row>(
    `SELECT generation, partition, toFloat64(offset) AS offset, max(count) AS count,
            toFloat64(toUnixTimestamp64Milli(max(at))) AS at
     FROM kaquan_store.redrives
     WHERE consumer_group = {group:String} AND (generation, partition, offset) IN (${places.join(',')})
     GROUP BY generation, partition, offset`,
    { params: { group } },
  );
  return new Map(rows.map(({ count, at, ...place }) => [placeText(place), { count, at }]));
}

async function record(
  clickhouse: ClickHouse,
  group: string,
  letters: readonly (KeptLetter & { readonly count: number })[],
): Promise<void> {
  const to = new RowBinaryWriter();
  for (const { place, letter, count } of letters) {
    to.string(group);
    to.uint32(place.generation);
    to.uint32(place.partition);
    to.int64(place.offset);
    to.string(letter.reason);
    to.uint32(count);
  }
  await clickhouse.insert(
    'INSERT INTO kaquan_store.redrives (consumer_group, generation, partition, offset, reason, count) FORMAT RowBinary',
    [to.written()],
    { timeoutMs: 60_000 },
  );
}
