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

/** What there is besides orders; of what there is none, nothing is asked. */
export interface Stored {
  /** The catalogue's whose memberships and scores count; undefined: none of the buyers' apps has any. */
  readonly version: string | undefined;
  /** Whether anybody was ever told who a buyer is. */
  readonly identities: boolean;
}

/**
 * What is stored of many buyers, in as few reads as for one. Safe to use concurrently; nothing is retried here.
 * @returns for each of `buyers`, in their order
 * @throws {ClickHouseError | TransportError} as ClickHouse does
 */
export type BuyerLookUp = (
  buyers: readonly BuyerKey[],
  stored: Stored,
  options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
) => Promise<readonly Buyer[]>;
