import type { OutRecord, RecordProducer } from '../../runtime/kafka/producer.ts';
import type { DeadLetter } from './batch.ts';

/** Where a group's records come from. */
export interface Origin {
  readonly group: string;
  readonly topic: string;
  readonly generation: number;
}

/** Publishes dead letters whole: key, value and headers as they were, and where they come from. Resolves when acknowledged. */
export async function publishDeadLetters(
  producer: RecordProducer,
  letters: readonly DeadLetter[],
  origin: Origin,
  now: number,
): Promise<void> {
  await producer.send(letters.map((letter) => deadLetterRecord(letter, origin, now)));
}

function deadLetterRecord(letter: DeadLetter, origin: Origin, now: number): OutRecord {
  const { place, key, value, reason } = letter;
  return {
    partition: 0,
    key,
    value,
    headers: {
      ...originalHeaders(letter),
      dlq_reason: reason,
      dlq_group: origin.group,
      dlq_topic: origin.topic,
      dlq_generation: String(origin.generation),
      dlq_partition: String(place.partition),
      dlq_offset: String(place.offset),
      dlq_record_time: String(place.time),
      dlq_timestamp: String(now),
    },
  };
}

function originalHeaders({ headers }: DeadLetter): Record<string, string | Buffer> {
  const kept: Record<string, string | Buffer> = {};
  for (const [name, value] of Object.entries(headers)) {
    const last = Array.isArray(value) ? value.at(-1) : value;
    if (last !== undefined) kept[name] = last;
  }
  return kept;
}
