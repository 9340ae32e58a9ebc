import { randomUUID } from 'node:crypto';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';

import { recordOf, type FetchedRecord } from './group.ts';

/** A part of one partition's log. */
export interface LogPart {
  readonly topic: string;
  readonly partition: number;
  /** The first offset to read. */
  readonly from: number;
  /** The offset before which to stop: one that the log has reached. */
  readonly to: number;
}

/**
 * Reads a part of a log in order, one fetch at a time: the next one is asked for when the caller asks for more, so that
 * memory holds two fetches however long the log is. Leaves nothing behind: no commit, no group.
 */
export async function* readLog(kafka: Kafka, part: LogPart): AsyncGenerator<readonly FetchedRecord[]> {
  if (part.from >= part.to) return;
  const { topic, from } = part;
  const groupId = `kaquan-read-${randomUUID()}`;
  const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: 500 });
  const handover = new Handover();
  listen(consumer, part, handover);
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: true,
      eachBatch: (payload) => take(payload, part, handover),
    });
    // A member that lost its session begins again.
    for (let position = from; ;) {
      const fetched = await handover.next();
      if (fetched === undefined) return;
      const records = fetched.filter(({ offset }) => offset >= position);
      position = (records.at(-1)?.offset ?? position - 1) + 1;
      if (records.length > 0) yield records;
    }
  } finally {
    handover.end();
    await consumer.disconnect();
    await forget(kafka, groupId);
  }
}

function listen(consumer: Consumer, part: LogPart, handover: Handover): void {
  const { topic, partition, from } = part;
  // Only a member can seek, and on a cluster whose coordinator is not there yet the first attempt to become one fails.
  consumer.on(consumer.events.GROUP_JOIN, () => {
    consumer.seek({ topic, partition, offset: String(from) });
  });
  // Also of batches without records for us, such as the marks of transactions.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    if (payload.partition === part.partition && Number(payload.lastOffset) + 1 >= part.to) handover.end();
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) handover.fail(payload.error);
  });
}

async function take(payload: EachBatchPayload, part: LogPart, handover: Handover): Promise<void> {
  const { batch } = payload;
  if (batch.partition !== part.partition) {
    payload.pause();
    return;
  }
  const records = batch.messages.map((message) => recordOf(batch.partition, message));
  const taken = handover.put(records.filter(({ offset }) => offset < part.to));
  const timer = setInterval(() => void payload.heartbeat().catch(() => undefined), HEARTBEAT_MS);
  await taken.finally(() => {
    clearInterval(timer);
  });
}

const HEARTBEAT_MS = 2000;

async function forget(kafka: Kafka, groupId: string): Promise<void> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    await admin.deleteGroups([groupId]);
  } catch {
    // The broker drops a group without members and commits by itself.
  } finally {
    await admin.disconnect();
  }
}

/** Gives fetches from a callback to a loop, one at a time: the callback waits until the loop asks for the next one. */
class Handover {
  #offered: { records: readonly FetchedRecord[]; taken: () => void } | undefined;
  #error: Error | undefined;
  #isOver = false;
  #wake: () => void = () => undefined;
  #release: () => void = () => undefined;

  /** Resolves when the loop is done with `records`. */
  async put(records: readonly FetchedRecord[]): Promise<void> {
    if (this.#isOver) return;
    await new Promise<void>((taken) => {
      this.#offered = { records, taken };
      this.#wake();
    });
  }

  /** undefined: it is over. To be awaited before the next call. */
  async next(): Promise<readonly FetchedRecord[] | undefined> {
    this.#release();
    this.#release = () => undefined;
    if (this.#offered === undefined && !this.#isOver)
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    if (this.#error !== undefined) throw this.#error;
    if (this.#offered === undefined) return undefined;
    const { records, taken } = this.#offered;
    this.#offered = undefined;
    this.#release = taken;
    return records;
  }

  end(): void {
    this.#isOver = true;
    this.#offered?.taken();
    this.#release();
    this.#wake();
  }

  fail(error: Error): void {
    this.#error = error;
    this.end();
  }
}
