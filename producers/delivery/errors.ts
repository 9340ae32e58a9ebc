/**
 * Kafka did not acknowledge in time, or refused for good. Some of the records may be in the log all the same; sending the same
 * reports again is safe: a report sent twice is one event.
 */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
}

/** The producer is closed, or is being closed: nothing was sent. */
export class ProducerClosedError extends Error {
  override readonly name = 'ProducerClosedError';

  constructor() {
    super('the producer is closed: it takes no more reports');
  }
}

/** The topic is not there, or has another number of partitions than recorded: records would go where no consumer looks for them. Nothing was sent. */
export class TopicMismatchError extends Error {
  override readonly name = 'TopicMismatchError';

  /** @param found how many partitions the topic has; undefined if there is no such topic */
  constructor(topic: string, found: number | undefined, recorded: number) {
    super(found === undefined ? absent(topic) : differs(topic, found, recorded));
  }
}

const absent = (topic: string) => `topic ${topic} does not exist: create it with kaquan migrate.`;

const differs = (topic: string, found: number, recorded: number) =>
  `topic ${topic} has ${found} partitions, but ${recorded} are recorded (KAFKA_PARTITIONS): an order's events would be spread over two ` +
  `partitions. Set KAFKA_PARTITIONS to the number that the topic was made with; if partitions were added to it since, run ` +
  `kaquan rebuild orders with KAFKA_PARTITIONS=${found}.`;
