import type { CatalogueFile } from '../../../schemas/catalogue/catalogue-file.ts';

export type OfferKind = 'coupon_batch' | 'activity' | 'membership' | 'score';

/** An offer as it is stored. */
export interface StoredOffer {
  readonly kind: OfferKind;
  readonly app_id: string;
  readonly id: string;
  /** JSON: the offer as its file has it, without its members or balances. */
  readonly offer: string;
  /** How many members it has, or buyers with a balance. */
  readonly holders: number;
  /** Of who they are; equal lists in any order have equal ones. */
  readonly holders_digest: string;
}

/** A buyer who is a member (value 0), or has points. */
export interface Holder {
  readonly openId: string;
  readonly value: number;
}

/** Who has an offer: a list, or the name of the file that lists them. */
export interface Holders {
  readonly kind: OfferKind;
  readonly holders: readonly Holder[] | string;
  /** Where it stands, such as `memberships[0].members`. */
  readonly holdersPath: string;
}

/** An offer, and who has it. */
export interface FileOffer extends Holders {
  readonly appId: string;
  readonly id: string;
  readonly offer: object;
}

/** Every offer of a catalogue's file, in its order. */
export function offersIn({ coupon_batches, activities, memberships, scores }: CatalogueFile): FileOffer[] {
  return [
    ...coupon_batches.map((offer) => plain('coupon_batch', offer, offer.coupon_batch_id)),
    ...activities.map((offer) => plain('activity', offer, offer.id)),
    ...memberships.map(({ members, ...offer }, at) => ({
      ...plain('membership', offer, offer.id),
      holders: typeof members === 'string' ? members : members.map((openId) => ({ openId, value: 0 })),
      holdersPath: `memberships[${at}].members`,
    })),
    ...scores.map(({ balances, ...offer }, at) => ({
      ...plain('score', offer, offer.id),
      holders:
        typeof balances === 'string'
          ? balances
          : balances.map(({ open_id, value }) => ({ openId: open_id, value })),
      holdersPath: `scores[${at}].balances`,
    })),
  ];
}

const plain = (kind: OfferKind, offer: { app_id: string }, id: string): FileOffer => ({
  kind,
  appId: offer.app_id,
  id,
  offer,
  holders: [],
  holdersPath: '',
});
