import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';

import type { Fetched, Group, GroupHandlers } from '../../runtime/kafka/group.ts';
import type { LogChecks } from '../../runtime/kafka/log-checks.ts';
import { Assignment, type AssignmentOptions } from './assignment.ts';
import { passing } from './crash-points.ts';
import type { IdFilter } from './id-filter.ts';
import { readNote } from './note.ts';
import { createPace } from './pace.ts';

export interface PipelineOptions {
  readonly assignment: Omit<AssignmentOptions, 'epoch' | 'group' | 'onFailed'>;
  readonly checks: LogChecks;
  /** The notes of the group's commits, by partition. */
  readonly notes: () => Promise<ReadonlyMap<number, string>>;
  /** All events that the ledger has. */
  readonly deliveredIds: (signal: AbortSignal) => Promise<IdFilter>;
  /** Events per second of all members together; undefined: no limit. */
  readonly rate: number | undefined;
  /** The recorded partition count. */
  readonly partitions: number;
  /** How long what was sent may take to be written down when partitions go, ms. */
  readonly graceMs: number;
  readonly logger: Logger;
  readonly onFatal: (error: Error) => void;
}

// So long may an answer take that another member waits for when it loses a partition, and still be found. The protocol does not let the
// other one finish first.
const HANDOVER_MS = 1000;

// What a call is made of, for whoever reads what this process waits for.
const EITHER = 'Kafka or ClickHouse';

/** Records in, requests out: read → one array a partition at a time → ledger → commit. */
export class ReportPipeline implements GroupHandlers {
  readonly #options: PipelineOptions;
  #group: Group | undefined;
  #current: Assignment | undefined;
  /** The assignments before, which write down what was on its way. */
  #ending: Promise<unknown> = Promise.resolve();
  /** Partitions that were begun, and not lost since. */
  #ours: ReadonlySet<number> = new Set();

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /** The group that this pipeline handles; told once, before it starts. */
  attach(group: Group): void {
    this.#group = group;
  }

  async onAssigned(epoch: number, partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const { assignment: options, graceMs, logger } = this.#options;
    const before = this.#current;
    const group = this.#group;
    if (group === undefined) throw new Error('the pipeline has no group');
    const assignment = new Assignment({ ...options, epoch, group, onFailed: (error) => this.onFatal(error) });
    this.#current = assignment;
    this.#ending = Promise.all([this.#ending, before?.end(graceMs)]);
    await this.#ending;
    logger.info({ epoch, partitions }, 'assigned');
    const kept = partitions.filter((partition) => this.#ours.has(partition));
    this.#ours = new Set(kept);
    if (partitions.length === 0) return new Map();
    const isFromOthers = kept.length < partitions.length && partitions.length < this.#options.partitions;
    return this.#begin(assignment, partitions, isFromOthers);
  }

  onFetched(fetched: Fetched): void {
    if (fetched.epoch === this.#current?.epoch) this.#current.put(fetched);
  }

  /** Full partitions are held one by one: the others go on. */
  room(): Promise<void> {
    return Promise.resolve();
  }

  onFatal(error: Error): void {
    this.#options.onFatal(error);
  }

  /** Sends no more, and writes down and commits what was sent; gives the rest up after `graceMs`. */
  async end(graceMs: number): Promise<void> {
    // Who gets the partitions when this member leaves takes all that was sent for written down.
    await Promise.all([this.#ending, this.#current?.end(graceMs)]);
  }

  /** @param isFromOthers whether a member that lives may have had some of them */
  async #begin(
    assignment: Assignment,
    partitions: readonly number[],
    isFromOthers: boolean,
  ): Promise<ReadonlyMap<number, number>> {
    const { checks, notes, deliveredIds, rate, partitions: all, assignment: options } = this.#options;
    const { persist, courier } = options;
    const { closing } = assignment;
    try {
      if (isFromOthers) await pause(HANDOVER_MS, undefined, { signal: closing });
      const starts = await persist('the start', () => checks.starts(partitions, closing), closing, EITHER);
      const texts = await persist('the notes', notes, closing, 'Kafka');
      // After the notes: what they do not speak of any more lies in the ledger.
      const ids = await persist('the ledger', () => deliveredIds(closing), closing);
      passing('report/assigned');
      assignment.begin(starts, {
        notes: new Map(partitions.map((partition) => [partition, readNote(texts.get(partition))])),
        ids,
        pace: createPace(rate && (rate * partitions.length) / all, courier.limits.events),
      });
      this.#ours = new Set(partitions);
      return starts;
    } catch (error) {
      if (closing.aborted) return new Map();
      throw error;
    }
  }
}
