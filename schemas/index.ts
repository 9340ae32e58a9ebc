export {
  BOUNDS,
  ORDER_STATUSES,
  type ChanCustom,
  type CouponOrderEvent,
  type OrderStatus,
} from './coupon_order/event.ts';
export { canonicalProps, eventId, eventIdOf, eventIdText } from './coupon_order/event-id.ts';
export { parseReport, type ParsedReport, type ReportOptions } from './coupon_order/report.ts';
export type { ChanCustomMode } from './coupon_order/conditions.ts';
export type { Violation } from './coupon_order/violation.ts';
