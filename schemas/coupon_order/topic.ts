/** The topic that events are published on; its dead letters lie on `<topic>.dlq.<group>`. */
export const TOPIC = 'coupon_order.v1';

/** The group that fills the tables. It has one name, as the other has: what ClickHouse remembers of a group stands under it. */
export const ORDERS_GROUP = 'orders';

/** The group that forwards events to the report API. */
export const REPORT_GROUP = 'report';

/** The topic of a group's dead letters. */
export const deadLetterTopic = (group: string): string => `${TOPIC}.dlq.${group}`;

/** Whose dead letters lie on `topic`; undefined: it is no topic of dead letters. */
export const deadLettersOf = (topic: string): string | undefined =>
  topic.startsWith(deadLetterTopic('')) ? topic.slice(deadLetterTopic('').length) : undefined;
