/** The package's entry: what a back end imports to publish its coupon orders. */
export { CouponOrderProducer } from './coupon-order-producer.ts';
export { DeliveryError, ProducerClosedError } from './delivery/errors.ts';
export type { CouponOrderProducerOptions } from './producer-options.ts';
export type { AcceptedEvent } from './report-encoder.ts';
export type { Accepted, Refused, SendResult } from './sending.ts';
export { parseReport, type ParsedReport, type ReportOptions, type Violation } from '../schemas/index.ts';
