import { DEFAULT_FORM, reportBody } from '../../../domain/report/body.ts';
import type { KafkaAdmin } from '../../../runtime/kafka/admin.ts';
import type { createKafka } from '../../../runtime/kafka/client.ts';
import type { FetchedRecord } from '../../../runtime/kafka/group.ts';
import { readLog } from '../../../runtime/kafka/log-reader.ts';
import { partitionOf } from '../../../runtime/kafka/partitioner.ts';
import {
  createSchemas,
  eventIdText,
  framedId,
  parseReport,
  type CouponOrderEvent,
} from '../../../schemas/index.ts';
import { TOPIC } from '../../../schemas/coupon_order/topic.ts';

/** An event of the topic, as the report API is to get it. */
export interface PublishedEvent {
  /** Made from what the event says, not from what it says of itself. */
  readonly eventId: string;
  readonly appId: string;
  readonly orderId: string;
  readonly body: unknown;
  readonly partition: number;
  readonly offset: number;
  /** Whether the figures count it: on its partition, and of a plausible time. */
  readonly isCounted: boolean;
}

export interface PublishedLog {
  readonly records: number;
  /** In log order, copies included. */
  readonly events: PublishedEvent[];
  /** Records that are none, or out of bounds. */
  readonly unreadable: number;
}

const schemas = createSchemas();

/** What the topic holds now, read whole. */
export async function publishedLog(
  kafka: ReturnType<typeof createKafka>,
  admin: KafkaAdmin,
): Promise<PublishedLog> {
  const events: PublishedEvent[] = [];
  let records = 0;
  const ends = await admin.offsets(TOPIC);
  for (const [partition, { start, end }] of ends) {
    for await (const fetched of readLog(kafka, { topic: TOPIC, partition, from: start, to: end })) {
      records += fetched.length;
      events.push(...fetched.flatMap((record) => eventOf(record, ends.size) ?? []));
    }
  }
  return { records, events, unreadable: records - events.length };
}

function eventOf(record: FetchedRecord, partitions: number): PublishedEvent | undefined {
  const { value, partition, offset } = record;
  const decoded = value === null ? undefined : schemas.decodeEvent(framedId(value) ?? -1, value);
  if (decoded?.ok !== true) return undefined;
  const body: unknown = JSON.parse(reportBody(decoded.value, DEFAULT_FORM));
  const report = parseReport(body);
  if (!report.ok) return undefined;
  const { event_id, wx_user, coupon } = report.event;
  return {
    eventId: eventIdText(event_id),
    appId: wx_user.app_id,
    orderId: coupon.order_id,
    body,
    partition,
    offset,
    isCounted: isCounted(record, decoded.value, partitions),
  };
}

const DAY_MS = 86_400_000;

function isCounted(
  { key, partition, time: recorded }: FetchedRecord,
  { time, wx_user, coupon }: CouponOrderEvent,
  partitions: number,
): boolean {
  const order = `${wx_user.app_id}:${coupon.order_id}`;
  const isPlausible = [time, coupon.order_time].every(
    (at) => at >= recorded - 400 * DAY_MS && at <= recorded + DAY_MS,
  );
  return key?.toString() === order && partitionOf(order, partitions) === partition && isPlausible;
}

/** The first of each event, in order. */
export function firsts<T extends { readonly eventId: string }>(events: readonly T[]): T[] {
  const seen = new Set<string>();
  return events.filter(({ eventId }) => !seen.has(eventId) && seen.add(eventId));
}

/** By order, the ids of its events. */
export function byOrder(
  events: readonly { readonly eventId: string; readonly appId: string; readonly orderId: string }[],
): Map<string, string[]> {
  const orders = new Map<string, string[]>();
  for (const { eventId, appId, orderId } of events) {
    const order = `${appId}:${orderId}`;
    const ids = orders.get(order);
    if (ids === undefined) orders.set(order, [eventId]);
    else ids.push(eventId);
  }
  return orders;
}
