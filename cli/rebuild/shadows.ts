import type { ClickHouse } from '../../runtime/clickhouse/client.ts';

/** A table that is rebuilt. */
export type Rebuilt = 'events' | 'milestones' | 'states';

/** The table that is filled beside it, and holds the old rows after the exchange. */
export const shadowOf = (table: Rebuilt): string => `rebuilt_${table}`;

// ClickHouse would refuse to drop more than 50 GB.
const ANY_SIZE = { settings: { max_table_size_to_drop: 0 } };

const ALL: readonly Rebuilt[] = ['events', 'milestones', 'states'];

/** Makes empty tables beside the live ones, instead of what an interrupted run may have left there. */
export async function createShadows(clickhouse: ClickHouse, tables: readonly Rebuilt[]): Promise<void> {
  await dropShadows(clickhouse);
  for (const table of tables)
    await clickhouse.command(`CREATE TABLE kaquan_store.${shadowOf(table)} AS kaquan_store.${table}`);
}

export async function dropShadows(clickhouse: ClickHouse): Promise<void> {
  for (const table of ALL)
    await clickhouse.command(`DROP TABLE IF EXISTS kaquan_store.${shadowOf(table)}`, ANY_SIZE);
}

/** What ClickHouse calls a table wherever it is moved; undefined: it is not there. */
export async function uuidOf(clickhouse: ClickHouse, table: string): Promise<string | undefined> {
  const [row] = await clickhouse.query<{ uuid: string }>(
    "SELECT toString(uuid) AS uuid FROM system.tables WHERE database = 'kaquan_store' AND name = {table:String}",
    { params: { table } },
  );
  return row?.uuid;
}
