import { partitionOf } from '../runtime/kafka/partitioner.ts';
import type { OutRecord } from '../runtime/kafka/producer.ts';
import {
  encodeEvent,
  eventIdText,
  parseReport,
  type ReportOptions,
  type Violation,
} from '../schemas/index.ts';
import type { CouponOrderEvent } from '../schemas/index.ts';

/** An event as it is published, named by what it is. */
export interface AcceptedEvent {
  /** The UUID that is made from the report's content. */
  readonly event_id: string;
  readonly app_id: string;
  readonly order_id: string;
  /** The partition of the topic that holds the order. */
  readonly partition: number;
  /** What is odd about the report, though no rule is broken. */
  readonly warnings: readonly Violation[];
}

export type EncodedReport =
  | {
      readonly ok: true;
      readonly record: OutRecord;
      readonly accepted: AcceptedEvent;
      readonly event: CouponOrderEvent;
    }
  | { readonly ok: false; readonly violations: readonly Violation[] };

export interface ReportEncoderOptions extends ReportOptions {
  /** How many partitions the topic was made with. */
  readonly partitions: number;
  /** The id that values are framed with. */
  readonly schemaId: number;
}

/** The key of all of an order's records. */
export const keyOf = ({ wx_user, coupon }: CouponOrderEvent): Buffer =>
  Buffer.from(`${wx_user.app_id}:${coupon.order_id}`);

/** Turns a report into the record that is published for it, or says why it is refused. Pure. */
export function encodeReport(report: unknown, options: ReportEncoderOptions): EncodedReport {
  const parsed = parseReport(report, options);
  if (!parsed.ok) return parsed;
  const { event, warnings } = parsed;
  const key = keyOf(event);
  const partition = partitionOf(key, options.partitions);
  return {
    ok: true,
    event,
    record: { partition, key, value: encodeEvent(event, options.schemaId) },
    accepted: {
      event_id: eventIdText(event.event_id),
      app_id: event.wx_user.app_id,
      order_id: event.coupon.order_id,
      partition,
      warnings,
    },
  };
}
