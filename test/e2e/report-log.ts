import { reportBody, DEFAULT_FORM } from '../../domain/report/body.ts';
import {
  createSchemas,
  eventIdText,
  framedId,
  parseReport,
  type CouponOrderEvent,
} from '../../schemas/index.ts';
import { TOPIC } from '../../schemas/coupon_order/topic.ts';
import { readLog } from '../integration/producers-log.ts';

/** An event of the topic, as the report API is to get it. */
export interface PublishedEvent {
  readonly eventId: string;
  readonly appId: string;
  readonly orderId: string;
  readonly body: unknown;
  readonly partition: number;
  readonly offset: number;
}

const schemas = createSchemas();

/** What the topic holds: its events in log order, copies included, and how many records are none, or out of bounds. */
export async function publishedEvents(
  brokers: string,
): Promise<{ events: PublishedEvent[]; unreadable: number }> {
  const events: PublishedEvent[] = [];
  let unreadable = 0;
  for (const { value, partition, offset } of await readLog(brokers, TOPIC)) {
    const event = value === null ? undefined : decoded(value);
    const reported = event && asReported(event);
    if (reported === undefined) unreadable += 1;
    else events.push({ ...reported, partition, offset });
  }
  return { events, unreadable };
}

function decoded(value: Buffer): CouponOrderEvent | undefined {
  const result = schemas.decodeEvent(framedId(value) ?? -1, value);
  return result.ok ? result.value : undefined;
}

function asReported(event: CouponOrderEvent) {
  const body: unknown = JSON.parse(reportBody(event, DEFAULT_FORM));
  const report = parseReport(body);
  if (!report.ok) return undefined;
  return {
    eventId: eventIdText(report.event.event_id),
    appId: event.wx_user.app_id,
    orderId: event.coupon.order_id,
    body,
  };
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
    orders.set(order, [...(orders.get(order) ?? []), eventId]);
  }
  return orders;
}
