import { fold } from '../../domain/order/fold.ts';
import { NO_STATE, type OrderState } from '../../domain/order/state.ts';
import type { Fetched } from '../../runtime/kafka/group.ts';
import { partitionOf } from '../../runtime/kafka/partitioner.ts';
import { framedId, type Schemas, type WriterSchema } from '../../schemas/index.ts';
import type { Batch, DeadLetter, EventRecord, PlacedRecord, Skip } from './batch.ts';
import { BoundedRows } from './bounded-rows.ts';
import { dead, judge, type OrderKey, type Plausible, type Verdict } from './judge.ts';
import type { Lane } from './lane.ts';
import { writeMilestone, writeState } from './rows.ts';
import { OperatorError } from '../../runtime/process/operator-error.ts';

export interface Preparation {
  readonly schemas: Schemas;
  readonly plausible: Plausible;
  /** The recorded partition count. */
  readonly partitions: number;
  /** The stored states of these orders, by `OrderKey.id`; an order that is left out has none. */
  readonly lookUp: (orders: readonly OrderKey[]) => Promise<ReadonlyMap<string, OrderState>>;
  /** Whether ClickHouse refused this record when it stood alone. */
  readonly isRefused: (partition: number, offset: number) => boolean;
}

/** The brake: the group must stop before this batch is stored. */
export class TooManyDeadLettersError extends OperatorError {
  override readonly name = 'TooManyDeadLettersError';
}

interface Judged {
  readonly record: PlacedRecord;
  readonly lane: Lane;
  readonly writer: WriterSchema | undefined;
  readonly verdict: Verdict;
}

/** Judges and folds what was fetched, in log order, into the rows of one flush. */
export async function prepareBatch(
  number: number,
  fetched: readonly Fetched[],
  lanes: ReadonlyMap<number, Lane>,
  preparation: Preparation,
): Promise<Batch> {
  await loadSchemas(fetched, preparation.schemas);
  const judged = judgeAll(fetched, lanes, preparation);
  await loadStates(judged, preparation);
  return new BatchBuilder(number, fetched).foldAll(judged);
}

async function loadSchemas(fetched: readonly Fetched[], schemas: Schemas): Promise<void> {
  const ids = new Set<number>();
  for (const { records } of fetched) {
    for (const { value } of records) {
      const id = value === null ? undefined : framedId(value);
      if (id !== undefined && !ids.has(id)) ids.add(id);
    }
  }
  await Promise.all([...ids].map((id) => schemas.writer(id)));
}

function judgeAll(
  fetched: readonly Fetched[],
  lanes: ReadonlyMap<number, Lane>,
  preparation: Preparation,
): Judged[] {
  const judged: Judged[] = [];
  for (const { partition, records } of fetched) {
    const lane = lanes.get(partition);
    if (lane === undefined) continue;
    for (const { offset, timestamp, key, value, headers } of records) {
      const record: PlacedRecord = {
        partition,
        offset: Number(offset),
        time: Number(timestamp),
        key,
        value,
        headers: headers ?? {},
      };
      const schemaId = value === null ? undefined : framedId(value);
      const writer = schemaId === undefined ? undefined : preparation.schemas.loaded(schemaId);
      judged.push({ record, lane, writer, verdict: verdictOn(record, schemaId, lane, preparation) });
    }
  }
  return judged;
}

function verdictOn(
  record: PlacedRecord,
  schemaId: number | undefined,
  lane: Lane,
  { schemas, plausible, partitions, isRefused }: Preparation,
): Verdict {
  const { value, key, time, partition, offset } = record;
  if (value === null || value.length === 0) return dead('no_value');
  if (schemaId === undefined) return dead('not_framed');
  if (isRefused(partition, offset)) return dead('refused_by_store');
  const verdict = judge(schemas, { schemaId, value, key, time }, plausible);
  // An order whose state is in memory was found to belong here; its key, and so its partition, is the same.
  if (verdict.kind === 'event' && lane.states.get(verdict.order.id) === undefined && key !== null) {
    if (partitionOf(key, partitions) !== partition) return dead('misrouted');
  }
  return verdict;
}

async function loadStates(judged: readonly Judged[], { lookUp }: Preparation): Promise<void> {
  const missing = new Map<string, { order: OrderKey; lane: Lane }>();
  for (const { verdict, lane } of judged) {
    if (verdict.kind === 'dead' || missing.has(verdict.order.id)) continue;
    if (lane.states.get(verdict.order.id) === undefined)
      missing.set(verdict.order.id, { order: verdict.order, lane });
  }
  if (missing.size === 0) return;
  const stored = await lookUp([...missing.values()].map(({ order }) => order));
  for (const [id, { lane }] of missing) {
    // Pinned until this batch is stored: the fold must find each of them, however small the cache is.
    lane.states.pin(id, stored.get(id) ?? NO_STATE, Number.POSITIVE_INFINITY);
  }
}

class BatchBuilder {
  readonly #number: number;
  readonly #fetched: readonly Fetched[];
  readonly #events = new Map<WriterSchema, EventRecord[]>();
  readonly #milestones = new BoundedRows();
  readonly #deadLetters: DeadLetter[] = [];
  readonly #touched = new Map<Lane, Map<string, { order: OrderKey; state: OrderState; changed: boolean }>>();

  constructor(number: number, fetched: readonly Fetched[]) {
    this.#number = number;
    this.#fetched = fetched;
  }

  foldAll(judged: readonly Judged[]): Batch {
    for (const one of judged) this.#take(one);
    const { states, changed } = this.#states();
    return {
      number: this.#number,
      epoch: this.#fetched[0]?.epoch ?? 0,
      offsets: new Map(this.#fetched.map(({ partition, to }) => [partition, to])),
      records: judged.length,
      events: this.#events,
      milestones: this.#milestones.finish(),
      states,
      deadLetters: this.#deadLetters,
      skips: this.#fetched.flatMap(skipsOf),
      changed,
    };
  }

  #take({ record, lane, writer, verdict }: Judged): void {
    this.#brake(lane, verdict);
    if (verdict.kind === 'dead') {
      this.#deadLetters.push({ record, reason: verdict.reason });
      return;
    }
    if (writer === undefined || record.value === null) return;
    const events = this.#events.get(writer);
    const event = { place: record, value: record.value, time: verdict.entry.time };
    if (events === undefined) this.#events.set(writer, [event]);
    else events.push(event);
    this.#fold(lane, verdict);
  }

  #brake(lane: Lane, verdict: Verdict): void {
    if (!lane.brake.record(verdict.kind === 'dead')) return;
    throw new TooManyDeadLettersError(
      `partition ${lane.partition}: nearly all of the last records became dead letters, the newest because ` +
        `${verdict.kind === 'dead' ? verdict.reason : 'of other reasons'}; stopped before they are committed. ` +
        `Mend the producer or the settings, then start again (BRAKE_WINDOW and BRAKE_SHARE set when this happens).`,
    );
  }

  #fold(lane: Lane, { order, status, entry }: Verdict & { kind: 'event' }): void {
    let touched = this.#touched.get(lane);
    if (touched === undefined) this.#touched.set(lane, (touched = new Map()));
    let held = touched.get(order.id);
    if (held === undefined) {
      held = { order, state: lane.states.get(order.id) ?? NO_STATE, changed: false };
      touched.set(order.id, held);
    }
    const next = fold(held.state, status, entry, (row) => {
      writeMilestone(this.#milestones.at(row.minute * 60_000), order, row);
    });
    if (next === held.state) return;
    held.state = next;
    held.changed = true;
  }

  #states(): { states: Buffer[]; changed: Map<Lane, Set<string>> } {
    const rows = new BoundedRows();
    const changed = new Map<Lane, Set<string>>();
    for (const [lane, touched] of this.#touched) {
      const ids = new Set<string>();
      changed.set(lane, ids);
      for (const [id, { order, state, changed: isChanged }] of touched) {
        // States are one partition: their rows need no bound.
        if (isChanged) writeState(rows.at(0), order, state);
        ids.add(id);
        lane.states.pin(id, state, this.#number);
      }
    }
    return { states: rows.finish(), changed };
  }
}

/** The offsets of a fetch that hold no record. */
function skipsOf({ partition, records, from, to }: Fetched): Skip[] {
  if (records.length === to - from) return [];
  const skips: Skip[] = [];
  let next = from;
  for (const offset of [...records.map((record) => Number(record.offset)), to]) {
    if (offset > next) skips.push({ partition, first: next, last: offset - 1, reason: 'no_record' });
    next = offset + 1;
  }
  return skips;
}
