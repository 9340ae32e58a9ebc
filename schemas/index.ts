export { BodyReader } from './coupon_order/body-reader.ts';
export { isAmount, SMALL_VALUE_BYTES, withinBounds } from './coupon_order/bounds.ts';
export { encodeEvent, encodeFramed, FRAME_BYTES, framedId } from './coupon_order/codec.ts';
export type { ChanCustomMode } from './coupon_order/conditions.ts';
export type { Decoded, Undecodable } from './coupon_order/decoding.ts';
export {
  BOUNDS,
  ORDER_STATUSES,
  type ChanCustom,
  type CouponOrderEvent,
  type OrderStatus,
} from './coupon_order/event.ts';
export { isCompatible } from './coupon_order/compatibility.ts';
export { canonicalProps } from './coupon_order/canonical-props.ts';
export { eventId, eventIdOf, eventIdText } from './coupon_order/event-id.ts';
export type { FoldedValue } from './coupon_order/folded.ts';
export { V1_STATUSES } from './coupon_order/folded-v1.ts';
export { jsonPiece, JsonWriter, type JsonPiece } from './coupon_order/json-writer.ts';
export type { EventContent } from './coupon_order/known-props.ts';
export {
  embeddedRegistry,
  registryClient,
  RegistryError,
  valueSubject,
  type RegisteredSchema,
  type Registry,
} from './coupon_order/registry.ts';
export { parseReport, type ParsedReport, type ReportOptions } from './coupon_order/report.ts';
export { createSchemas, type Schemas, type SchemasOptions } from './coupon_order/schemas.ts';
export {
  fingerprintId,
  LATEST,
  WRITER_SCHEMAS,
  type Version,
  type WriterSchema,
} from './coupon_order/versions.ts';
export type { Violation } from './coupon_order/violation.ts';
