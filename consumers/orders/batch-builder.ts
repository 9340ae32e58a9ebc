import { disputedFor } from '../../domain/order/disputes.ts';
import { fold, type Milestone } from '../../domain/order/fold.ts';
import type { BufferPool } from '../../runtime/bytes/growable.ts';
import type { Fetched, FetchedRecord } from '../../runtime/kafka/group.ts';
import { partitionOf } from '../../runtime/kafka/partitioner.ts';
import { isForAnother, REDRIVEN_FOR_ANOTHER, redriveOf } from '../../runtime/kafka/redrive.ts';
import { OperatorError } from '../../runtime/process/operator-error.ts';
import { framedId, type Schemas, type WriterSchema } from '../../schemas/index.ts';
import type { Skip } from '../../runtime/kafka/starting-offsets.ts';
import type { Batch, DeadLetter } from './batch.ts';
import { BoundedRows, SpanLimit } from './bounded-rows.ts';
import { EventsBlock } from './events-block.ts';
import type { EventsInsert } from './events-insert.ts';
import { passing } from './crash-points.ts';
import { dead, judge, type OrderKey, type Plausible, type Verdict } from './judge.ts';
import type { KnownOrders } from './known-orders.ts';
import type { Lane } from './lane.ts';
import { writeDispute, writeMilestone, writeState } from './rows.ts';
import { TouchedOrders, type LookUp, type TouchedOrder } from './touched-orders.ts';

/** What a batch is built with. */
export interface Workshop {
  readonly schemas: Schemas;
  readonly insertOf: (writer: WriterSchema) => EventsInsert;
  /** The consumer group: a record that was redriven for another one is skipped. */
  readonly group: string;
  readonly plausible: Plausible;
  /** The recorded partition count. */
  readonly partitions: number;
  /** The recorded generation of the topic. */
  readonly generation: number;
  readonly pool: BufferPool;
  readonly known: KnownOrders;
  readonly lookUp: LookUp;
  /** Whether ClickHouse refused this record when it stood alone. */
  readonly isRefused: (partition: number, offset: number) => boolean;
}

/** The brake: the group must stop before this batch is stored. */
export class TooManyDeadLettersError extends OperatorError {
  override readonly name = 'TooManyDeadLettersError';
}

interface Judged {
  readonly lane: Lane;
  readonly record: FetchedRecord;
  readonly writer: WriterSchema | undefined;
  readonly verdict: Verdict;
  /** Of an event. */
  readonly touched: TouchedOrder | undefined;
}

/** Judges and folds what was fetched, in log order, into the rows of one flush. */
export class BatchBuilder {
  records = 0;
  bytes = 0;
  #seconds = 0;
  readonly #number: number;
  readonly #lanes: ReadonlyMap<number, Lane>;
  readonly #workshop: Workshop;
  readonly #offsets = new Map<number, number>();
  readonly #blocks = new Map<number, { block: EventsBlock; limit: SpanLimit }>();
  readonly #events: EventsBlock[] = [];
  readonly #milestones: BoundedRows;
  readonly #disputes: BoundedRows;
  readonly #deadLetters: DeadLetter[] = [];
  readonly #skips: Skip[] = [];
  readonly #touched: TouchedOrders;
  #folding: OrderKey | undefined;
  // One function for all events: a closure each would be what most of the garbage is made of.
  readonly #emit = (row: Milestone): void => {
    if (this.#folding !== undefined)
      writeMilestone(this.#milestones.at(row.minute * 60_000), this.#folding, row);
  };

  constructor(number: number, lanes: ReadonlyMap<number, Lane>, workshop: Workshop) {
    this.#number = number;
    this.#lanes = lanes;
    this.#workshop = workshop;
    this.#milestones = new BoundedRows(workshop.pool);
    this.#disputes = new BoundedRows(workshop.pool);
    this.#touched = new TouchedOrders(workshop.known, workshop.lookUp);
  }

  get isEmpty(): boolean {
    return this.#offsets.size === 0;
  }

  /** Takes in what continues some partitions, in this order. To be awaited before the next call. */
  async add(fetched: readonly Fetched[]): Promise<void> {
    const began = performance.now();
    const judged: Judged[] = [];
    for (const { partition, records } of fetched) {
      const lane = this.#lanes.get(partition);
      if (lane === undefined) continue;
      await this.#loadSchemas(records);
      for (const record of records) judged.push(this.#judge(record, lane));
    }
    await this.#touched.load();
    passing('orders/looked_up', this.#touched.byLane.size > 0);
    for (const one of judged) this.#take(one);
    for (const one of fetched) this.#pass(one);
    this.records += judged.length;
    this.#seconds += (performance.now() - began) / 1000;
  }

  /** The rows of all that was added. Nothing may be added afterwards. */
  seal(): Batch {
    const states = new BoundedRows(this.#workshop.pool);
    for (const orders of this.#touched.byLane.values()) {
      for (const { order, state, isChanged } of orders.values()) {
        // States are one partition: their rows need no bound.
        if (isChanged) writeState(states.at(0), order, state);
      }
    }
    return {
      number: this.#number,
      offsets: this.#offsets,
      records: this.records,
      builtIn: this.#seconds,
      found: this.#touched.found,
      events: this.#events,
      disputes: this.#disputes.written(),
      milestones: this.#milestones.written(),
      states: states.written(),
      deadLetters: this.#deadLetters,
      skips: this.#skips,
      touched: this.#touched.byLane,
      release: () => {
        for (const block of this.#events) block.release();
        this.#disputes.release();
        this.#milestones.release();
        states.release();
      },
    };
  }

  async #loadSchemas(records: readonly FetchedRecord[]): Promise<void> {
    const { schemas } = this.#workshop;
    const missing = new Set<number>();
    for (const { value } of records) {
      const id = value === null ? undefined : framedId(value);
      if (id !== undefined && schemas.loaded(id) === undefined) missing.add(id);
    }
    for (const id of missing) await schemas.writer(id);
  }

  #judge(record: FetchedRecord, lane: Lane): Judged {
    const { value, key } = record;
    const verdict = this.#verdict(record);
    const isEvent = verdict.kind === 'event' && value !== null && key !== null;
    return {
      lane,
      record,
      verdict,
      writer: isEvent ? this.#workshop.schemas.loaded(framedId(value) ?? 0) : undefined,
      touched: isEvent ? this.#touched.of(lane, verdict.order, key) : undefined,
    };
  }

  #verdict({ value, key, time, partition, offset, headers }: FetchedRecord): Verdict {
    const { schemas, group, isRefused, plausible, partitions } = this.#workshop;
    if (isForAnother(headers, group)) return { kind: 'skip', reason: REDRIVEN_FOR_ANOTHER };
    if (value === null || value.length === 0) return dead('no_value');
    const schemaId = framedId(value);
    if (schemaId === undefined) return dead('not_framed');
    if (isRefused(partition, offset)) return dead('refused_by_store');
    const verdict = judge(schemas, { schemaId, value, key, time }, plausible);
    if (verdict.kind === 'event' && key !== null && partitionOf(key, partitions) !== partition) {
      return dead('misrouted');
    }
    return verdict;
  }

  #take({ lane, record, writer, verdict, touched }: Judged): void {
    if (verdict.kind === 'skip') {
      // Each alone: batches that are cut differently must count the same skips.
      const { partition, offset } = record;
      this.#skips.push({ partition, first: offset, last: offset, reason: verdict.reason });
      return;
    }
    this.bytes += record.value?.length ?? 0;
    this.#brake(lane, record, verdict);
    if (verdict.kind === 'dead') {
      this.#deadLetters.push({ ...record, place: record, reason: verdict.reason });
      return;
    }
    if (writer === undefined || record.value === null || touched === undefined) return;
    this.#block(writer, verdict.entry.time).add(record, record.value);
    this.#fold(touched, verdict);
  }

  #pass(fetched: Fetched): void {
    if (!this.#lanes.has(fetched.partition)) return;
    this.#skips.push(...skipsOf(fetched));
    this.#offsets.set(fetched.partition, fetched.to);
  }

  #brake(lane: Lane, { headers }: FetchedRecord, verdict: Verdict): void {
    // A redriven record failed before: that it fails again is no sign of a new trouble, and may not stop the others.
    if (redriveOf(headers) !== undefined || !lane.brake.record(verdict.kind === 'dead')) return;
    throw new TooManyDeadLettersError(
      `partition ${lane.partition}: nearly all of the last records became dead letters, the newest because ` +
        `${verdict.kind === 'dead' ? verdict.reason : 'of other reasons'}; stopped before they are committed. ` +
        `Mend the producer or the settings, then start again; BRAKE_WINDOW=1000000 takes as many of them before it stops.`,
    );
  }

  #block(writer: WriterSchema, time: number): EventsBlock {
    const open = this.#blocks.get(writer.id);
    if (open !== undefined && !open.limit.isOver(time)) return open.block;
    const { insertOf, generation, pool } = this.#workshop;
    const limit = open?.limit ?? new SpanLimit();
    if (open === undefined) limit.isOver(time);
    const block = new EventsBlock(insertOf(writer), generation, pool);
    this.#blocks.set(writer.id, { block, limit });
    this.#events.push(block);
    return block;
  }

  #fold(touched: TouchedOrder, { status, entry }: Verdict & { kind: 'event' }): void {
    this.#folding = touched.order;
    const next = fold(touched.state, status, entry, this.#emit);
    for (const openId of disputedFor(touched.state, next, status, entry))
      writeDispute(this.#disputes.at(0), touched.order, openId);
    if (next === touched.state) return;
    touched.state = next;
    touched.isChanged = true;
  }
}

/** The offsets of a fetch that hold no record. */
function skipsOf({ partition, records, from, to }: Fetched): Skip[] {
  if (records.length === to - from) return [];
  const skips: Skip[] = [];
  let next = from;
  for (const offset of [...records.map((record) => record.offset), to]) {
    if (offset > next) skips.push({ partition, first: next, last: offset - 1, reason: 'no_record' });
    next = offset + 1;
  }
  return skips;
}
