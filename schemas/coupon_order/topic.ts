/** The topic that events are published on; its dead letters lie on `<topic>.dlq.<group>`. */
export const TOPIC = 'coupon_order.v1';

/** The topic of a group's dead letters. */
export const deadLetterTopic = (group: string): string => `${TOPIC}.dlq.${group}`;
