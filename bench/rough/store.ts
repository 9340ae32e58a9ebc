import { eventsInsert, type EventsInsert } from '../../consumers/orders/events-insert.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { V1 } from '../../schemas/coupon_order/versions.ts';

/** The database of the rough lane. */
export const ROUGH = 'rough';

/** The statement of ours, for the rough lane's table. */
export const roughly = (sql: string): string => sql.replace('kaquan_store.', `${ROUGH}.`);

const INSERT = eventsInsert(V1.text, 'events', []);

/** The same columns without a place: bodies as they lie in Kafka. */
export const ROUGH_EVENTS: EventsInsert = { ...INSERT, sql: roughly(INSERT.sql) };

const PLACE_AND_OWN = 'generation, partition, offset, record_time, stored_at';

/** The tables that the rough lane fills: events without keys, codecs or indexes of their own, the others as ours are. */
export async function createRoughTables(clickhouse: ClickHouse): Promise<void> {
  for (const sql of [
    `CREATE DATABASE ${ROUGH}`,
    `CREATE TABLE ${ROUGH}.events ENGINE = MergeTree ORDER BY (app_id, time, event_id) ` +
      `EMPTY AS SELECT * EXCEPT (${PLACE_AND_OWN}) FROM kaquan_store.events`,
    `CREATE TABLE ${ROUGH}.milestones AS kaquan_store.milestones`,
    `CREATE TABLE ${ROUGH}.states AS kaquan_store.states`,
  ]) {
    await clickhouse.command(sql);
  }
}
