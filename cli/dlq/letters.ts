import { LRUCache } from 'lru-cache';

import type { KafkaAdmin } from '../../runtime/kafka/admin.ts';
import type { createKafka } from '../../runtime/kafka/client.ts';
import { readDeadLetter, type DeadLetter } from '../../runtime/kafka/dead-letters.ts';
import type { FetchedRecord } from '../../runtime/kafka/group.ts';
import { readLog } from '../../runtime/kafka/log-reader.ts';

/** A topic of dead letters, and what it takes to read it. */
export interface DeadLetterLog {
  readonly kafka: ReturnType<typeof createKafka>;
  readonly admin: KafkaAdmin;
  /** Whose dead letters they are. */
  readonly group: string;
  readonly topic: string;
  /** The recorded generation of the topic. */
  readonly generation: number;
}

/** Names what failed: where the record lay, or, if it never lay in Kafka before, where its dead letter lies. */
export interface Place {
  readonly generation: number;
  readonly partition: number;
  readonly offset: number;
}

export interface KeptLetter {
  /** partition:offset on the topic of dead letters. */
  readonly id: string;
  /** When the broker took it, ms. */
  readonly keptAt: number;
  readonly place: Place;
  readonly letter: DeadLetter;
}

/** The reason of a record that nobody marked as a dead letter. */
export const UNMARKED = 'no_dead_letter';

// A consumer that was killed before its commit writes the dead letters of its last batches again.
const REPEATS = 100_000;

/**
 * The dead letters of a topic in the order in which they were kept, a fetch at a time, in bounded memory.
 * @param since ms; older ones are left out
 */
export async function* keptLetters(log: DeadLetterLog, since?: number): AsyncGenerator<KeptLetter[]> {
  const seen = new LRUCache<string, true>({ max: REPEATS });
  const ends = await log.admin.offsets(log.topic);
  const starts = since === undefined ? undefined : await log.admin.offsetsAt(log.topic, since);
  for (const [partition, { start, end }] of [...ends].sort(([a], [b]) => a - b)) {
    const part = { topic: log.topic, partition, from: starts?.get(partition) ?? start, to: end };
    for await (const records of readLog(log.kafka, part)) {
      const kept = records.map((record) => keptLetter(record, log)).filter((letter) => isFirst(letter, seen));
      if (kept.length > 0) yield kept;
    }
  }
}

/** The dead letter at `partition`:`offset`; undefined: there is none. */
export async function letterAt(
  log: DeadLetterLog,
  partition: number,
  offset: number,
): Promise<KeptLetter | undefined> {
  const ends = (await log.admin.offsets(log.topic)).get(partition);
  if (ends === undefined || offset < ends.start || offset >= ends.end) return undefined;
  const part = { topic: log.topic, partition, from: offset, to: offset + 1 };
  for await (const [record] of readLog(log.kafka, part)) {
    if (record !== undefined) return keptLetter(record, log);
  }
  return undefined;
}

export function keptLetter(
  record: FetchedRecord,
  { group, generation }: Pick<DeadLetterLog, 'group' | 'generation'>,
): KeptLetter {
  const { partition, offset, time, key, value, headers } = record;
  const letter = readDeadLetter(record) ?? { group, reason: UNMARKED, at: time, key, value, headers };
  const { origin } = letter;
  return {
    id: `${partition}:${offset}`,
    keptAt: time,
    place: origin ?? { generation, partition, offset },
    letter,
  };
}

export const placeText = ({ generation, partition, offset }: Place): string =>
  `${generation}:${partition}:${offset}`;

function isFirst({ place }: KeptLetter, seen: LRUCache<string, true>): boolean {
  const name = placeText(place);
  if (seen.has(name)) return false;
  seen.set(name, true);
  return true;
}
