import type { ClickHouse, RequestOptions } from '../../runtime/clickhouse/client.ts';
import { RowBinaryWriter } from '../../runtime/clickhouse/row-binary.ts';
import type { Identity } from '../../schemas/identities/identity.ts';
import { buyerName } from './named-rows.ts';

const TIMEOUT_MS = 60_000;

/** Whether anybody ever was told who a buyer is. */
export async function hasIdentities(clickhouse: ClickHouse, request: RequestOptions): Promise<boolean> {
  return (await clickhouse.query('SELECT 1 FROM kaquan_store.identities LIMIT 1', request)).length > 0;
}

/** Stores who buyers are; of one buyer the last identity counts, also over those that were stored before. */
export async function storeIdentities(
  clickhouse: ClickHouse,
  identities: readonly Identity[],
): Promise<void> {
  // One insert has one time: within it a buyer must stand once.
  const last = new Map(
    identities.map((identity) => [buyerName(identity.app_id, identity.open_id), identity]),
  );
  if (last.size === 0) return;
  const rows = new RowBinaryWriter();
  for (const { app_id, open_id, user_id } of last.values()) {
    rows.string(app_id);
    rows.string(open_id);
    rows.string(user_id ?? '');
  }
  const sql = 'INSERT INTO kaquan_store.identities (app_id, open_id, user_id) FORMAT RowBinary';
  await clickhouse.insert(sql, [rows.written()], { timeoutMs: TIMEOUT_MS });
}
