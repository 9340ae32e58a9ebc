import {
  NO_OFFERS,
  type Activity,
  type Catalogue,
  type CouponBatch,
  type Membership,
  type Score,
} from '../../../domain/coupon/catalogue.ts';
import type { ClickHouse, RequestOptions } from '../../../runtime/clickhouse/client.ts';
import type { CatalogueSnapshot } from '../interface.ts';
import { activityOf, couponBatchOf, membershipOf, scoreOf } from './offers.ts';
import type { StoredOffer } from './stored-offers.ts';

export interface AppliedVersion {
  readonly version: string;
  /** UTC, as `2026-01-31 12:00:00.000000`. */
  readonly applied_at: string;
}

/** The version that was applied last; undefined: none ever was. */
export async function currentVersion(
  clickhouse: ClickHouse,
  request: RequestOptions = {},
): Promise<AppliedVersion | undefined> {
  const [row] = await clickhouse.query<AppliedVersion>(
    'SELECT version, applied_at FROM kaquan_store.catalogue_versions ORDER BY catalogue_versions.applied_at DESC, version DESC LIMIT 1',
    request,
  );
  return row;
}

export function readStoredOffers(
  clickhouse: ClickHouse,
  version: string,
  request: RequestOptions = {},
): Promise<StoredOffer[]> {
  return clickhouse.query<StoredOffer>(
    `SELECT kind, app_id, id, offer, toFloat64(holders) AS holders, holders_digest FROM kaquan_store.catalogue_offers
     WHERE version = {version:String} ORDER BY app_id, kind, id`,
    { ...request, params: { version } },
  );
}

/**
 * The catalogue that was applied last, in memory; `held` itself, if it is still the one: then only the version is read.
 * A version whose offers can't be read is never returned in part.
 */
export async function readCatalogue(
  clickhouse: ClickHouse,
  held: CatalogueSnapshot | undefined,
  request: RequestOptions = {},
): Promise<CatalogueSnapshot> {
  const { version = '' } = (await currentVersion(clickhouse, request)) ?? {};
  if (version === held?.version) return held;
  return snapshotOf(version, version === '' ? [] : await readStoredOffers(clickhouse, version, request));
}

interface AppOffers extends Catalogue {
  readonly batches: Map<string, CouponBatch>;
  readonly activities: Map<string, Activity>;
  readonly memberships: Map<string, Membership>;
  readonly scores: Map<string, Score>;
}

function snapshotOf(version: string, offers: readonly StoredOffer[]): CatalogueSnapshot {
  const apps = new Map<string, AppOffers>();
  for (const offer of offers) {
    const app = apps.get(offer.app_id) ?? {
      batches: new Map(),
      activities: new Map(),
      memberships: new Map(),
      scores: new Map(),
    };
    apps.set(offer.app_id, app);
    add(offer, app);
  }
  return { version, of: (appId) => apps.get(appId) ?? NO_OFFERS };
}

function add({ kind, id, offer }: StoredOffer, to: AppOffers): void {
  switch (kind) {
    case 'coupon_batch':
      to.batches.set(id, couponBatchOf(offer));
      break;
    case 'activity':
      to.activities.set(id, activityOf(offer));
      break;
    case 'membership':
      to.memberships.set(id, membershipOf(offer));
      break;
    case 'score':
      to.scores.set(id, scoreOf(offer));
  }
}
