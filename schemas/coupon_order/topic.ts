/** The topic that events are published on; its dead letters lie on `<topic>.dlq.<group>`. */
export const TOPIC = 'coupon_order.v1';

/** The group that forwards events to the report API. It has one name: its ledger in ClickHouse has no other. */
export const REPORT_GROUP = 'report';

/** The topic of a group's dead letters. */
export const deadLetterTopic = (group: string): string => `${TOPIC}.dlq.${group}`;

/** Whose dead letters lie on `topic`; undefined: it is no topic of dead letters. */
export const deadLettersOf = (topic: string): string | undefined =>
  topic.startsWith(deadLetterTopic('')) ? topic.slice(deadLetterTopic('').length) : undefined;
