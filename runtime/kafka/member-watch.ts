import type { Verdict } from '../http/health.ts';
import { duration } from '../process/duration.ts';
import type { Waits, Waiting } from '../process/waits.ts';
import type { PartitionOffsets } from './admin.ts';
import type { ConnectionEvents } from './client.ts';
import { Contact } from './contact.ts';
import type { MemberMetrics } from './member-metrics.ts';

export interface MemberWatchOptions {
  readonly waits: Waits;
  readonly metrics: MemberMetrics;
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
const HOUR_MS = 3_600_000;
const LOOK_MS = 5000;

/** What becomes of this process's membership of its group: what it has, how far it is, and what it waits for. */
export class MemberWatch implements ConnectionEvents {
  /** ms since 1970 */
  readonly startedAt: number;
  /** ms since 1970 */
  readonly now: () => number;
  readonly #options: MemberWatchOptions;
  readonly #contact: Contact;
  readonly #logEnds = new Map<number, number>();
  #committed = new Map<number, number>();
  /** When an offset moved, or there was nothing to move. */
  #movedAt: number;
  #rebalances: number[] = [];
  #idle: Waiting | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: MemberWatchOptions) {
    this.#options = options;
    this.now = options.now;
    this.startedAt = this.#movedAt = options.now();
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

  /** How often the group was distributed anew in the last hour, as far as this member was there. */
  rebalancesLately(): number {
    const { now } = this.#options;
    this.#rebalances = this.#rebalances.filter((at) => at > now() - HOUR_MS);
    return this.#rebalances.length;
  }

  /** Whether it moves, or knows why not. @param limitMs how long nothing may move */
  alive(limitMs: number): Verdict {
    const { now, waits } = this.#options;
    const stuckMs = now() - Math.max(this.#movedAt, waits.endedAt);
    const behind = this.#behind();
    if (behind === 0 || waits.current().length > 0 || stuckMs <= limitMs)
      return { ok: true, sentence: 'It moves, or says what it waits for.' };
    return {
      ok: false,
      sentence: `It is ${behind} events behind and waits for nothing, but no offset moved for ${duration(stuckMs)}: start it again.`,
    };
  }

  /** Whether it begins to join the group, and has not yet. */
  get isJoining(): boolean {
    return this.#contact.isJoining;
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
    const { waits, now, metrics } = this.#options;
    this.#contact.joining(false);
    this.#rebalances.push(now());
    metrics.rebalances.inc();
    metrics.partitions.set(partitions.length);
    metrics.committed.reset();
    metrics.lag.reset();
    this.#committed = new Map();
    this.#movedAt = now();
    this.#idle?.end();
    this.#idle =
      partitions.length > 0
        ? undefined
        : waits.begin('a partition', 'the other consumers of the group have all of them', now(), false);
  }

  /** @param starts by partition, the first offset that will be fetched */
  positioned(starts: ReadonlyMap<number, number>): void {
    this.#committed = new Map(starts);
    this.#moved();
  }

  /** @param logEnd the end of the partition's log */
  fetched(partition: number, logEnd: number): void {
    this.#reaches(partition, logEnd);
  }

  /** Asks for the log's ends now and then, so that it is known how far it is behind also when nothing is fetched. */
  follow(offsets: () => Promise<ReadonlyMap<number, PartitionOffsets>>): void {
    const look = async (): Promise<void> => {
      for (const [partition, { end }] of await offsets()) this.#reaches(partition, end);
      this.#tell();
    };
    // That Kafka is away is noticed elsewhere.
    this.#timer = setInterval(() => void look().catch(() => undefined), LOOK_MS).unref();
  }

  committed(offsets: ReadonlyMap<number, number>): void {
    const { metrics, now } = this.#options;
    metrics.commits.inc();
    metrics.lastCommit.set(now() / 1000);
    let hasMoved = false;
    for (const [partition, offset] of offsets) {
      hasMoved ||= offset > (this.#committed.get(partition) ?? -1);
      this.#committed.set(partition, offset);
    }
    if (hasMoved) this.#moved();
  }

  /** It leaves the group. */
  stops(): void {
    clearInterval(this.#timer);
    this.#contact.stop();
    this.#idle?.end();
  }

  #reaches(partition: number, logEnd: number): void {
    // Until now there was nothing to move.
    if (this.#behind() === 0) this.#movedAt = this.#options.now();
    this.#logEnds.set(partition, logEnd);
  }

  #moved(): void {
    this.#movedAt = this.#options.now();
    this.#tell();
  }

  #behind(): number {
    let events = 0;
    for (const [partition, committed] of this.#committed)
      events += Math.max(0, (this.#logEnds.get(partition) ?? 0) - committed);
    return events;
  }

  #tell(): void {
    const { metrics } = this.#options;
    for (const { partition, committed, logEnd } of this.standings()) {
      metrics.committed.set({ partition: String(partition) }, committed);
      metrics.lag.set({ partition: String(partition) }, logEnd - committed);
    }
  }
}
