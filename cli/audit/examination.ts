import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { stringLiteral } from '../../runtime/clickhouse/literals.ts';
import type { FetchedRecord } from '../../runtime/kafka/group.ts';
import { framedId, type CouponOrderEvent, type Schemas } from '../../schemas/index.ts';
import { forgottenBefore, type Retention } from '../../sql/retention.ts';
import type { Ledger } from './place-sql.ts';
import type { Examined } from './places.ts';
import { AHEAD_MS } from './query.ts';

export interface ExaminationParts {
  readonly clickhouse: ClickHouse;
  readonly schemas: Schemas;
  /** What the tables forget. */
  readonly retention: Retention;
  /** ms */
  readonly now: number;
}

interface Read {
  readonly record: FetchedRecord;
  /** undefined: the record can't be read as one. */
  readonly event: CouponOrderEvent | undefined;
}

/** Looks at records that the tables do not account for: some are accounted for by their event, of others the rows had to go. */
export async function examine(
  records: readonly FetchedRecord[],
  ledger: Ledger,
  parts: ExaminationParts,
): Promise<Examined> {
  if (records.length === 0) return { unaccounted: [], forgotten: 0 };
  const read: Read[] = [];
  for (const record of records) read.push({ record, event: await eventOf(record, parts.schemas) });
  const kept = read.filter((one) => !isForgotten(one, ledger, parts));
  const told = ledger === 'report_deliveries' ? await toldOf(kept, parts.clickhouse) : new Set<string>();
  const unaccounted = kept
    .filter(({ event }) => event === undefined || !told.has(idOf(event)))
    .map(({ record }) => record.offset);
  return { unaccounted, forgotten: read.length - kept.length };
}

async function eventOf({ value }: FetchedRecord, schemas: Schemas): Promise<CouponOrderEvent | undefined> {
  const id = value === null ? undefined : framedId(value);
  if (value === null || id === undefined) return undefined;
  await schemas.writer(id);
  const decoded = schemas.decodeEvent(id, value);
  return decoded.ok ? decoded.value : undefined;
}

/** A row of it may have been there, and may be gone: an event's by its time, all others by when they were written, which was not before the record. */
function isForgotten({ record, event }: Read, ledger: Ledger, { retention, now }: ExaminationParts): boolean {
  const { eventsDays, ledgerDays, deliveriesDays } = retention;
  const isBefore = (time: number, days: number | undefined) =>
    days !== undefined && time < forgottenBefore(days, now, AHEAD_MS);
  if (isBefore(record.time, ledgerDays)) return true;
  if (ledger === 'report_deliveries') return isBefore(record.time, deliveriesDays);
  return event !== undefined && isBefore(event.time, eventsDays);
}

const idOf = ({ event_id: id }: CouponOrderEvent): string => id.toString('hex').toUpperCase();

/** The ids of those events that the report API was told of, wherever their record lay. */
async function toldOf(read: readonly Read[], clickhouse: ClickHouse): Promise<ReadonlySet<string>> {
  const events = read.flatMap(({ event }) => (event === undefined ? [] : [event]));
  if (events.length === 0) return new Set();
  const ids = events.map((event) => `unhex('${idOf(event)}')`).join(',');
  const apps = [...new Set(events.map(({ wx_user: user }) => stringLiteral(user.app_id)))].join(',');
  const times = events.map(({ time }) => time);
  const [first, last] = [times.reduce((a, b) => Math.min(a, b)), times.reduce((a, b) => Math.max(a, b))];
  const rows = await clickhouse.query<{ id: string }>(
    `SELECT hex(event_id) AS id FROM kaquan_store.report_deliveries WHERE app_id IN (${apps}) AND
       time BETWEEN fromUnixTimestamp64Milli(${first}, 'UTC') AND fromUnixTimestamp64Milli(${last}, 'UTC') AND event_id IN (${ids})`,
  );
  return new Set(rows.map(({ id }) => id));
}
