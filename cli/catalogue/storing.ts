import { randomBytes } from 'node:crypto';

import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { FileOffer, StoredOffer } from '../../services/marketing/catalogue/stored-offers.ts';
import {
  countHolders,
  dropOldVersions,
  dropVersion,
  makeCurrent,
  storeHolders,
  storeOffers,
  versionName,
} from '../../services/marketing/catalogue/versions.ts';
import type { Io } from '../io.ts';
import { refuse } from '../problems.ts';
import { holdersOf } from './holders.ts';
import { walk } from './walk.ts';

export interface Storing {
  readonly offers: readonly FileOffer[];
  /** The same ones, checked. */
  readonly stored: readonly StoredOffer[];
  readonly path: string;
  /** ms since 1970 */
  readonly now: number;
}

/**
 * Stores everything under a new version, proves that it is whole, and only then makes it the one that counts.
 * @returns the version
 * @throws {CommandError} if it is not whole; then nothing of it stays
 */
export async function storeCatalogue(clickhouse: ClickHouse, storing: Storing, io: Io): Promise<string> {
  const version = versionName(storing.now, randomBytes(4).toString('hex'));
  try {
    await storeRows(clickhouse, version, storing, io);
    refuse(storing.path, await gapsOf(clickhouse, version, storing));
  } catch (error) {
    await dropVersion(clickhouse, version);
    throw error;
  }
  await makeCurrent(clickhouse, version);
  await dropOldVersions(clickhouse, storing.now);
  return version;
}

async function storeRows(
  clickhouse: ClickHouse,
  version: string,
  { offers, stored, path }: Storing,
  io: Io,
): Promise<void> {
  await storeOffers(clickhouse, version, stored);
  await walk(offers, path, 'stored', io, async (offer, onRead) => {
    // What breaks a rule was told when it was checked; what does so since then is missed below.
    for await (const holders of holdersOf(offer, path, onRead))
      await storeHolders(clickhouse, version, offer, holders);
  });
}

async function gapsOf(
  clickhouse: ClickHouse,
  version: string,
  { offers, stored }: Storing,
): Promise<string[]> {
  const counted = await countHolders(clickhouse, version);
  return stored.flatMap(({ kind, app_id, id, holders }, at) => {
    const found = counted.find((one) => one.kind === kind && one.app_id === app_id && one.id === id);
    if ((found?.holders ?? 0) === holders) return [];
    return [`${offers[at]?.holdersPath ?? ''} must not change while it is applied`];
  });
}
