import { deadLetterRecord } from '../../runtime/kafka/dead-letters.ts';
import type { RecordProducer } from '../../runtime/kafka/producer.ts';
import type { DeadLetter } from './batch.ts';

/** Where a group's records come from. */
export interface Origin {
  readonly group: string;
  readonly topic: string;
  readonly generation: number;
}

/** Publishes dead letters whole, with where they come from. Resolves when acknowledged. */
export async function publishDeadLetters(
  producer: RecordProducer,
  letters: readonly DeadLetter[],
  { group, topic, generation }: Origin,
  now: number,
): Promise<void> {
  await producer.send(
    letters.map(({ place: { partition, offset, time }, ...letter }) =>
      deadLetterRecord({ ...letter, group, at: now, origin: { topic, generation, partition, offset, time } }),
    ),
  );
}
