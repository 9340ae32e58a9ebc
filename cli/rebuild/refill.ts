import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { inWindow } from '../audit/place-sql.ts';
import { UNHURRIED } from '../audit/query.ts';
import { replay, type LogPart, type ReplayParts } from './replay.ts';
import { shadowOf } from './shadows.ts';

/** The events of a rebuild from the topic: those that the log has, read again; all others as they are stored. */
export interface Refill {
  /** The condition that an event was read again. */
  readonly isReplayed: string;
  /** Records that were read again. */
  readonly records: number;
  /** Copies what was stored behind the part that was read. */
  readonly catchUp: () => Promise<void>;
  /** Stores events that the live table lacks there too, so that whatever is filled from its inserts has them. */
  readonly mend: () => Promise<void>;
}

// Of as many months as there are, and as long as it takes.
const WHOLE = {
  timeoutMs: 86_400_000,
  settings: { ...UNHURRIED.settings, max_partitions_per_insert_block: 0 },
};
const OFFSETS_AT_ONCE = 1_000_000;

export async function refillEvents(
  parts: ReplayParts & { readonly generation: number },
  part: LogPart,
): Promise<Refill> {
  const { clickhouse, generation } = parts;
  const isReplayed = `generation = ${generation} AND ${inWindow(part)}`;
  await copy(clickhouse, `NOT (${isReplayed})`);
  const records = await replay(parts, part);
  return {
    isReplayed,
    records,
    catchUp: () => copy(clickhouse, `generation = ${generation} AND NOT ${inWindow(part)}`),
    async mend() {
      for (const [partition, { from, to }] of part) {
        for (let first = from; first < to; first += OFFSETS_AT_ONCE) {
          const window = new Map([[partition, { from: first, to: Math.min(to, first + OFFSETS_AT_ONCE) }]]);
          await mendPart(clickhouse, `generation = ${generation} AND ${inWindow(window)}`);
        }
      }
    },
  };
}

const copy = (clickhouse: ClickHouse, condition: string): Promise<void> =>
  clickhouse.command(
    `INSERT INTO kaquan_store.${shadowOf('events')} SELECT * FROM kaquan_store.events WHERE ${condition}`,
    WHOLE,
  );

const mendPart = (clickhouse: ClickHouse, places: string): Promise<void> =>
  clickhouse.command(
    `INSERT INTO kaquan_store.events SELECT * FROM kaquan_store.${shadowOf('events')} WHERE ${places}
       AND offset NOT IN (SELECT offset FROM kaquan_store.events WHERE ${places})`,
    WHOLE,
  );
