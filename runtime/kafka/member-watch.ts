import type { Waits, Waiting } from '../process/waits.ts';
import type { ConnectionEvents } from './client.ts';
import { Contact } from './contact.ts';

export interface MemberWatchOptions {
  readonly waits: Waits;
  /** ms since 1970 */
  readonly now: () => number;
  readonly brokers: readonly string[];
  /** How often the member tells the broker that it lives, ms. */
  readonly heartbeatMs: number;
}

/** Where one partition of a member stands. */
export interface Standing {
  readonly partition: number;
  /** The next offset to commit. */
  readonly committed: number;
  /** The end of the log, when it was last heard of. */
  readonly logEnd: number;
}

// Two heartbeats may be late, one is no sign.
const HEARTBEATS_MISSED = 2.5;
const LEAST_SILENCE_MS = 5000;

/** What becomes of this process's membership of its group: what it has, how far it is, and what it waits for. */
export class MemberWatch implements ConnectionEvents {
  readonly #options: MemberWatchOptions;
  readonly #contact: Contact;
  #committed = new Map<number, number>();
  #logEnds = new Map<number, number>();
  #idle: Waiting | undefined;

  constructor(options: MemberWatchOptions) {
    this.#options = options;
    const silentMs = Math.max(LEAST_SILENCE_MS, HEARTBEATS_MISSED * options.heartbeatMs);
    this.#contact = new Contact({ ...options, silentMs });
    this.#contact.start();
  }

  /** The partitions that are ours and begun, with where they stand. */
  standings(): Standing[] {
    return [...this.#committed].map(([partition, committed]) => ({
      partition,
      committed,
      logEnd: Math.max(committed, this.#logEnds.get(partition) ?? 0),
    }));
  }

  /** It begins to join the group for the first time. */
  starts(): void {
    this.#contact.joining(true);
  }

  answered(): void {
    this.#contact.answered();
  }

  away(reason: string): void {
    this.#contact.failed(reason);
  }

  rejoining(): void {
    this.#contact.joining(true);
  }

  /** The group was distributed anew. @param partitions ours */
  joined(partitions: readonly number[]): void {
    const { waits, now } = this.#options;
    this.#contact.joining(false);
    this.#committed = new Map();
    this.#idle?.end();
    this.#idle =
      partitions.length > 0
        ? undefined
        : waits.begin('a partition', 'the other consumers of the group have all of them', now(), false);
  }

  /** @param starts by partition, the first offset that will be fetched */
  positioned(starts: ReadonlyMap<number, number>): void {
    this.#committed = new Map(starts);
  }

  /** @param logEnd the end of the partition's log */
  fetched(partition: number, logEnd: number): void {
    this.#logEnds.set(partition, logEnd);
  }

  committed(offsets: ReadonlyMap<number, number>): void {
    for (const [partition, offset] of offsets) this.#committed.set(partition, offset);
  }

  /** It leaves the group. */
  stops(): void {
    this.#contact.stop();
    this.#idle?.end();
  }
}
