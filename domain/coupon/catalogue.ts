/** What an offer applies to: single goods, or the order as a whole. An offer is never both. */
export type Dimension = 'goods' | 'order';

export interface Scope {
  readonly dimension: Dimension;
  /** With dimension `goods`: the goods that it names, none for every goods. With `order`: empty. */
  readonly goodsIds: ReadonlySet<string>;
}

/** When and from which sum on an offer may be used. */
export interface Terms extends Scope {
  /** fen; reached exactly, it counts. */
  readonly thresholdAmount: number;
  /** fen */
  readonly discountAmount: number;
  /** ms since 1970; the first moment. */
  readonly startTime: number;
  /** ms since 1970; the last moment. */
  readonly endTime: number;
}

/** What all coupons of one batch are. */
export interface CouponBatch extends Terms {
  readonly id: string;
  readonly name: string;
  readonly rule: string;
  /** The platform's number of the kind of coupon; 1 is 立减. */
  readonly type: number;
  /** `''` when there is none. */
  readonly detailUrl: string;
}

/** What every buyer of an app may have. */
export interface Activity extends Terms {
  readonly id: string;
  readonly name: string;
  readonly rule: string;
}

export interface Membership extends Scope {
  readonly id: string;
  readonly desc: string;
  /** fen */
  readonly discountAmount: number;
}

export interface Score extends Scope {
  readonly id: string;
  readonly name: string;
}

/** What one app offers, by id. Who is a member, and who has how many points, is told of each buyer. */
export interface Catalogue {
  readonly batches: ReadonlyMap<string, CouponBatch>;
  readonly activities: ReadonlyMap<string, Activity>;
  readonly memberships: ReadonlyMap<string, Membership>;
  readonly scores: ReadonlyMap<string, Score>;
}

/** The catalogue of an app that offers nothing. */
export const NO_OFFERS: Catalogue = {
  batches: new Map(),
  activities: new Map(),
  memberships: new Map(),
  scores: new Map(),
};
