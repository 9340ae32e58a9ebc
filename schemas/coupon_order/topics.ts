/** The topic of all events; its records are keyed by `app_id:order_id`. */
export const TOPIC = 'coupon_order.v1';

/** The topic that keeps, for ever, the records that a consumer group (or the collector) could not process. */
export const deadLetterTopic = (group: string): string => `${TOPIC}.dlq.${group}`;
