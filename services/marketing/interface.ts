import type { Buyer } from '../../domain/coupon/buyer.ts';
import type { Catalogue } from '../../domain/coupon/catalogue.ts';

/** Who asks: the platform's names of a buyer. */
export interface BuyerKey {
  readonly appId: string;
  readonly openId: string;
  /** Finds orders that other apps reported, where no identity names the buyer. */
  readonly unionId?: string | undefined;
}

/** What all apps offer, as it was applied last. */
export interface CatalogueSnapshot {
  /** `''` when nothing was ever applied. */
  readonly version: string;
  /** The offers of one app; of an app that offers nothing, none. */
  of(appId: string): Catalogue;
}

/**
 * What is stored of many buyers, in as few reads as for one. Safe to use concurrently; nothing is retried here.
 * @param version the catalogue's whose memberships and scores are asked for; undefined: of these buyers' apps none has any
 * @returns for each of `buyers`, in their order
 * @throws {ClickHouseError | TransportError} as ClickHouse does
 */
export type BuyerLookUp = (
  buyers: readonly BuyerKey[],
  version: string | undefined,
  options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
) => Promise<readonly Buyer[]>;
