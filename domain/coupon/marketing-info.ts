/** The `data` of an answer, in the platform's own shape and names. Amounts in fen, times in ms. Source: Douyin query_marketing_info. */
export interface MarketingInfo {
  readonly goods_valid_marketing_info: {
    readonly default_marketing_info: readonly GoodsBundle[];
    readonly valid_marketing_info: readonly GoodsBundle[];
  };
  readonly order_valid_marketing_info: {
    readonly default_marketing_info: Bundle;
    readonly valid_marketing_info: Bundle;
  };
  readonly score_info: readonly ScoreInfo[];
  readonly activity_info: readonly ActivityInfo[];
  readonly membership_info: readonly MembershipInfo[];
  readonly coupon_info: readonly CouponInfo[];
}

export interface GoodsBundle {
  readonly goods_id: string;
  readonly valid_marketing_info: Bundle;
}

/** Offers that may be used for one goods, or for the order. */
export interface Bundle {
  readonly activity_ids: readonly string[];
  readonly coupon_ids: readonly string[];
  readonly membership_ids: readonly string[];
  readonly score_info: readonly ScoreInfo[];
}

export interface ScoreInfo {
  readonly id: string;
  readonly name: string;
  readonly value: number;
}

export interface ActivityInfo {
  readonly id: string;
  readonly name: string;
  readonly rule: string;
  readonly start_time: number;
  readonly end_time: number;
}

export interface MembershipInfo {
  readonly id: string;
  readonly desc: string;
}

export interface CouponInfo {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly rule: string;
  readonly detail_url: string;
  readonly type: number;
  readonly discount_amount: number;
  readonly start_time: number;
  readonly end_time: number;
  readonly receive_time: number;
}
