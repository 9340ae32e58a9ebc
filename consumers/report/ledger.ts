import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { stringLiteral } from '../../runtime/clickhouse/literals.ts';
import type { RowBinaryWriter } from '../../runtime/clickhouse/row-binary.ts';
import { IdFilter } from './id-filter.ts';
import type { Outgoing } from './judge.ts';

export type Outcome = 'accepted' | 'refused';

/** Where a record lies. */
export interface Place {
  readonly partition: number;
  readonly offset: number;
  /** The record's timestamp, ms. */
  readonly time: number;
}

/** What became of events at the API. */
export interface Delivery {
  readonly letters: readonly {
    readonly event: Pick<Outgoing, 'appId' | 'eventId' | 'time'>;
    readonly record: Place;
  }[];
  readonly outcome: Outcome;
  /** ms since 1970 */
  readonly at: number;
  /** Requests that they were in; 0: the note of a commit said that they were accepted, not how often they were sent. */
  readonly attempts: number;
  /** The HTTP status of the last answer; 0: there was none. */
  readonly status: number;
  readonly code: number;
}

export const DELIVERIES_INSERT =
  'INSERT INTO kaquan_store.report_deliveries ' +
  '(app_id, time, event_id, outcome, generation, partition, offset, at, attempts, status, code) FORMAT RowBinary';

const OUTCOME = { refused: 1, accepted: 2 } as const;

/** Writes RowBinary of `DELIVERIES_INSERT`. */
export function writeDelivery(
  to: RowBinaryWriter,
  { letters, outcome, at, attempts, status, code }: Delivery,
  generation: number,
): void {
  for (const { event, record } of letters) {
    to.string(event.appId);
    to.int64(event.time);
    to.fixed(event.eventId);
    to.uint8(OUTCOME[outcome]);
    to.uint32(generation);
    to.uint32(record.partition);
    to.int64(record.offset);
    to.int64(at);
    to.uint32(attempts);
    to.uint8(status & 255);
    to.uint8(status >> 8);
    to.int64(Number.isSafeInteger(code) ? code : -1);
  }
}

/** What the ledger has of an event. */
export interface Known {
  readonly outcome: Outcome;
  readonly generation: number;
  readonly partition: number;
  readonly offset: number;
}

interface KnownRow extends Omit<Known, 'offset'> {
  readonly id: string;
  readonly offset: string;
}

/**
 * Reads what the ledger has of events, by event id: an acceptance before a refusal, of refusals the latest.
 * @param timeoutMs shorter than the session
 */
export function ledgerLookUp(clickhouse: ClickHouse, timeoutMs: number) {
  return async (events: readonly Outgoing[], signal: AbortSignal): Promise<ReadonlyMap<string, Known>> => {
    const known = new Map<string, Known>();
    if (events.length === 0) return known;
    const rows = await clickhouse.query<KnownRow>(lookUpSql(events), { timeoutMs, signal });
    for (const { id, outcome, generation, partition, offset } of rows) {
      const eventId = Buffer.from(id, 'hex').toString('latin1');
      known.set(eventId, { outcome, generation, partition, offset: Number(offset) });
    }
    return known;
  };
}

// The key of the table is (app_id, time, event_id): the first two find the rows, the third picks them.
function lookUpSql(events: readonly Outgoing[]): string {
  const list = (values: Iterable<string>) => [...new Set(values)].map(stringLiteral).join(',');
  const apps = list(events.map(({ appId }) => appId));
  const times = list(events.map(({ time }) => clickhouseTime(time)));
  const ids = list(events.map(({ eventId }) => Buffer.from(eventId, 'latin1').toString('hex')));
  return `
    SELECT lower(hex(event_id)) AS id, CAST(outcome, 'String') AS outcome, generation, partition, offset
    FROM kaquan_store.report_deliveries
    WHERE app_id IN (${apps}) AND time IN (${times}) AND lower(hex(event_id)) IN (${ids})
    ORDER BY report_deliveries.outcome, at`;
}

const clickhouseTime = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');

const FETCH_MS = 600_000;
// Beyond it the ids of all deliveries would take longer to fetch than they save.
const MOST_IDS = 20_000_000;

/** All events that the ledger has now. Takes seconds for millions; heartbeats must not wait for it. */
export async function deliveredIds(clickhouse: ClickHouse, signal: AbortSignal): Promise<IdFilter> {
  const options = { timeoutMs: FETCH_MS, signal, settings: { max_execution_time: FETCH_MS / 1000 } };
  const [counted] = await clickhouse.query<{ rows: string }>(
    'SELECT count() AS rows FROM kaquan_store.report_deliveries',
    options,
  );
  const rows = Number(counted?.rows ?? 0);
  const ids = new IdFilter(rows > MOST_IDS ? 0 : rows);
  if (rows > MOST_IDS) {
    ids.addAll();
    return ids;
  }
  const words = await clickhouse.queryBuffer(
    'SELECT reinterpretAsUInt32(substring(event_id, 1, 4)), reinterpretAsUInt32(substring(event_id, 10, 4)) ' +
      'FROM kaquan_store.report_deliveries FORMAT RowBinary',
    options,
  );
  for (let at = 0; at < words.length; at += 8) ids.addWords(words.readInt32LE(at), words.readInt32LE(at + 4));
  return ids;
}
