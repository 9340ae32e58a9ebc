import type { ClickHouse } from '../../../runtime/clickhouse/client.ts';
import { stringLiteral } from '../../../runtime/clickhouse/literals.ts';
import { RowBinaryWriter } from '../../../runtime/clickhouse/row-binary.ts';
import type { Holder, OfferKind, StoredOffer } from './stored-offers.ts';

const TIMEOUT_MS = 600_000;

/** Applied versions that stay: a service may still be at the last but one. */
const KEPT = 3;
const DAY_MS = 86_400_000;

const KIND_NUMBER: Readonly<Record<OfferKind, number>> = {
  coupon_batch: 1,
  activity: 2,
  membership: 3,
  score: 4,
};

/** A version's name: no two are alike, and their order is that of their time. @param random hex digits */
export function versionName(now: number, random: string): string {
  return `${new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${random}`;
}

/** Stores offers under a version that does not count yet. */
export async function storeOffers(
  clickhouse: ClickHouse,
  version: string,
  offers: readonly StoredOffer[],
): Promise<void> {
  const rows = new RowBinaryWriter();
  for (const { kind, app_id, id, offer, holders, holders_digest } of offers) {
    rows.string(version);
    rows.uint8(KIND_NUMBER[kind]);
    rows.string(app_id);
    rows.string(id);
    rows.string(offer);
    rows.int64(holders);
    rows.string(holders_digest);
  }
  if (offers.length === 0) return;
  const sql =
    'INSERT INTO kaquan_store.catalogue_offers (version, kind, app_id, id, offer, holders, holders_digest) FORMAT RowBinary';
  await clickhouse.insert(sql, [rows.written()], { timeoutMs: TIMEOUT_MS });
}

/** Stores some of those who have an offer, under a version that does not count yet. */
export async function storeHolders(
  clickhouse: ClickHouse,
  version: string,
  { kind, appId, id }: { readonly kind: OfferKind; readonly appId: string; readonly id: string },
  holders: readonly Holder[],
): Promise<void> {
  if (holders.length === 0) return;
  const rows = new RowBinaryWriter();
  for (const { openId, value } of holders) {
    rows.string(version);
    rows.uint8(KIND_NUMBER[kind]);
    rows.string(appId);
    rows.string(openId);
    rows.string(id);
    rows.int64(value);
  }
  const sql =
    'INSERT INTO kaquan_store.catalogue_holders (version, kind, app_id, open_id, id, value) FORMAT RowBinary';
  await clickhouse.insert(sql, [rows.written()], { timeoutMs: TIMEOUT_MS });
}

/** How many different buyers have each offer of a version. */
export function countHolders(
  clickhouse: ClickHouse,
  version: string,
): Promise<
  { readonly kind: OfferKind; readonly app_id: string; readonly id: string; readonly holders: number }[]
> {
  return clickhouse.query(
    `SELECT kind, app_id, id, toFloat64(count()) AS holders FROM kaquan_store.catalogue_holders FINAL
     WHERE version = {version:String} GROUP BY kind, app_id, id`,
    // A row of another version with the same key is another row.
    {
      params: { version },
      timeoutMs: TIMEOUT_MS,
      settings: { do_not_merge_across_partitions_select_final: 1 },
    },
  );
}

/** Makes a version, of which everything is stored, the one that counts: a single row, so it does so as a whole. */
export async function makeCurrent(clickhouse: ClickHouse, version: string): Promise<void> {
  await clickhouse.command('INSERT INTO kaquan_store.catalogue_versions (version) SELECT {version:String}', {
    params: { version },
  });
}

/** Drops all rows of a version. */
export async function dropVersion(clickhouse: ClickHouse, version: string): Promise<void> {
  for (const table of ['catalogue_offers', 'catalogue_holders'])
    await clickhouse.command(`ALTER TABLE kaquan_store.${table} DROP PARTITION ${stringLiteral(version)}`, {
      timeoutMs: TIMEOUT_MS,
    });
}

/** Drops versions that count no more, and those that were begun a day ago and never made current. @param now ms since 1970 */
export async function dropOldVersions(clickhouse: ClickHouse, now: number): Promise<void> {
  const applied = await clickhouse.query<{ version: string }>(
    'SELECT version FROM kaquan_store.catalogue_versions ORDER BY applied_at DESC, version DESC',
  );
  const stored = await clickhouse.query<{ version: string }>(
    'SELECT DISTINCT version FROM kaquan_store.catalogue_offers',
  );
  const ages = new Map(applied.map(({ version }, age) => [version, age]));
  const yesterday = versionName(now - DAY_MS, '');
  for (const { version } of stored) {
    const age = ages.get(version);
    if (age === undefined ? version < yesterday : age >= KEPT) await dropVersion(clickhouse, version);
  }
}
