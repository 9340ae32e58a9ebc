import type { Logger } from 'pino';

import type { FetchedRecord } from '../../runtime/kafka/group.ts';
import { redriveOf } from '../../runtime/kafka/redrive.ts';
import type { Skip } from '../../runtime/kafka/starting-offsets.ts';
import { OperatorError } from '../../runtime/process/operator-error.ts';
import type { LedgerLetter } from '../../sql/ledgers.ts';
import type { Book } from './book.ts';
import type { Commits } from './commits.ts';
import { passing } from './crash-points.ts';
import type { Deliveries, Packed, Sent } from './delivery.ts';
import type { DeadReason, Outgoing } from './judge.ts';
import {
  PUBLISHED_TWICE,
  type Entry,
  type Lane,
  type Letter,
  type Parcel,
  type ParcelLimits,
} from './lane.ts';
import type { Delivery, Known } from './ledger.ts';
import type { Pace } from './pace.ts';

/** A record that becomes a dead letter, and what the API said of it. */
export interface DeadRecord {
  readonly record: FetchedRecord;
  readonly reason: DeadReason;
  readonly detail?: string;
}

export interface CourierOptions {
  readonly deliveries: Deliveries;
  readonly book: Book;
  readonly commits: Commits;
  readonly pace: Pace;
  /** Of a parcel; the pace may allow fewer events. */
  readonly limits: ParcelLimits;
  /** The recorded generation of the topic. */
  readonly generation: number;
  /** Which events may be in the ledger; those that are met are added. */
  readonly ids: { mayHave(id: string): boolean; add(id: string): void };
  /** Waits for ClickHouse for ever. */
  readonly lookUp: (events: readonly Outgoing[]) => Promise<ReadonlyMap<string, Known>>;
  /** Resolves when the writers' schemas of these records are loaded, if anybody knows them. */
  readonly loadSchemas: (records: Iterable<FetchedRecord>) => Promise<void>;
  /** Resolves when the broker has acknowledged them. */
  readonly publish: (records: readonly DeadRecord[]) => Promise<void>;
  /** ms since 1970 */
  readonly now: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** The brake: the group must stop before these dead letters are published. */
export class TooManyDeadLettersError extends OperatorError {
  override readonly name = 'TooManyDeadLettersError';
}

// What is accepted and not in the ledger costs memory, and the note of the commit can't grow for ever.
const OPEN_ENTRIES = 5000;

/** A parcel, and what is known of it before it is sent. */
interface Prepared {
  readonly parcel: Parcel;
  /** undefined: it was redriven, and is looked up when everything before it is in the ledger. */
  readonly sorted: Sorted | undefined;
}

/** Sends the parcels of one lane, one after the other; the next one is prepared while one is on its way. */
export class Courier {
  readonly #lane: Lane;
  readonly #options: CourierOptions;

  constructor(lane: Lane, options: CourierOptions) {
    this.#lane = lane;
    this.#options = options;
  }

  /** Prepares what waits in the lane. @returns undefined: nothing waits */
  async prepare(): Promise<Prepared | undefined> {
    const { loadSchemas, limits, pace } = this.#options;
    if (this.#lane.isEmpty) return undefined;
    await loadSchemas(this.#lane.ahead());
    const parcel = this.#lane.take({ ...limits, events: pace.arrayMax });
    if (parcel.events[0]?.event.isRedriven === true) return { parcel, sorted: undefined };
    return { parcel, sorted: this.#sorted(parcel, await this.#known(parcel)) };
  }

  /** Sends a parcel, and resolves when the next one may be sent. */
  async deliver({ parcel, sorted }: Prepared): Promise<void> {
    const known = sorted ?? (await this.#lookedUp(parcel));
    passing('report/prepared', known.fresh.length > 0);
    const parts = await this.#send(known);
    passing('report/accepted', parts.length > 0);
    await this.#settle(parcel, known, parts);
  }

  async #lookedUp(parcel: Parcel): Promise<Sorted> {
    const { book, lookUp } = this.#options;
    await book.flush();
    return this.#sorted(parcel, await lookUp(parcel.events.map(({ event }) => event)));
  }

  async #known({ events }: Parcel): Promise<ReadonlyMap<string, Known>> {
    const { ids, lookUp } = this.#options;
    const suspects = events.filter(({ event }) => ids.mayHave(event.eventId));
    for (const { event } of events) ids.add(event.eventId);
    return suspects.length === 0 ? NONE : lookUp(suspects.map(({ event }) => event));
  }

  #sorted({ events }: Parcel, known: ReadonlyMap<string, Known>): Sorted {
    const fresh: Letter[] = [];
    const rest: Omit<Sorted, 'fresh' | 'packed'> = { sentBefore: [], stored: [], twice: [] };
    const mark = this.#lane.sentBefore.get(events[0]?.event.appId ?? '') ?? 0;
    for (const letter of events) {
      const found = known.get(letter.event.eventId);
      if (found !== undefined && this.#isSettled(letter, found)) {
        rest[this.#isPlaceOf(letter, found) ? 'stored' : 'twice'].push(letter);
      } else if (letter.entry.first < mark) rest.sentBefore.push(letter);
      else fresh.push(letter);
    }
    return { ...rest, fresh, packed: this.#options.deliveries.pack(fresh.map(({ event }) => event)) };
  }

  /** Whether what the ledger has of the event is all that there is to do: one that was redriven may be refused before. */
  #isSettled(letter: Letter, found: Known): boolean {
    return found.outcome === 'accepted' || !letter.event.isRedriven || this.#isPlaceOf(letter, found);
  }

  #isPlaceOf({ record }: Letter, { generation, partition, offset }: Known): boolean {
    return (
      generation === this.#options.generation && partition === record.partition && offset === record.offset
    );
  }

  async #send({ fresh, packed }: Sorted): Promise<Part[]> {
    const { deliveries, pace, signal } = this.#options;
    if (fresh.length === 0) return [];
    const parts = await deliveries.deliver(packed, pace, signal);
    let from = 0;
    return parts.map((sent) => ({ sent, letters: fresh.slice(from, (from += sent.events.length)) }));
  }

  async #settle(parcel: Parcel, sorted: Sorted, parts: readonly Part[]): Promise<void> {
    const { book, commits } = this.#options;
    const taken = parts.filter(isAccepted);
    const accepted = new Array<Letter>().concat(...taken.map(({ letters }) => letters));
    this.#settleHandled(parcel, sorted, taken, accepted);
    await this.#settleDead(
      parcel,
      parts.filter((part) => !isAccepted(part)),
    );
    if (this.#lane.openEntries > OPEN_ENTRIES || this.#lane.note() === null) await book.flush();
    // One array at a time is neither in the ledger nor in a note: after a kill no more than that is sent again.
    if (accepted.length > 0) await commits.put([this.#lane]);
    passing('report/noted', accepted.length > 0);
  }

  /** What needs no dead letter. */
  #settleHandled(
    { others }: Parcel,
    { sentBefore, stored, twice }: Sorted,
    taken: readonly Part[],
    accepted: readonly Letter[],
  ): void {
    const at = this.#options.now();
    for (const _ of accepted) this.#lane.brake.record(false);
    const noted = this.#lane.accepted(accepted);
    const skipped = others.filter(({ verdict }) => verdict?.kind !== 'dead');
    const before = sentBefore.length === 0 ? [] : [deliveryOf({ letters: sentBefore, sent: undefined }, at)];
    this.#options.book.add({
      lane: this.#lane,
      entries: [...skipped, ...[...sentBefore, ...stored, ...twice, ...accepted].map(({ entry }) => entry)],
      deliveries: [...taken.map((part) => deliveryOf(part, at)), ...before],
      noted,
      letters: [],
      skips: [...skipsOf(skipped, this.#lane.partition), ...twice.map(twiceOf)],
    });
  }

  /** Dead letters lie on their topic and in the ledger before anything more of the lane is sent. */
  async #settleDead({ others }: Parcel, refused: readonly Part[]): Promise<void> {
    const { book, publish, now } = this.#options;
    const dead = [...deadOf(others), ...refused.flatMap(deadLettersOf)];
    if (dead.length === 0) return;
    for (const { record, reason } of dead) this.#brake(reason, record);
    await publish(dead);
    passing('report/letters_published');
    const at = now();
    book.add({
      lane: this.#lane,
      entries: [
        ...others.filter(({ verdict }) => verdict?.kind === 'dead'),
        ...refused.flatMap(({ letters }) => letters.map(({ entry }) => entry)),
      ],
      deliveries: refused.map((part) => deliveryOf(part, at)),
      noted: undefined,
      letters: dead.map(letterOf),
      skips: [],
    });
    await book.flush();
    passing('report/letters_booked');
  }

  #brake(reason: DeadReason, record: FetchedRecord): void {
    // A redriven record failed before, and an app that may not report is told of otherwise: neither is a sign of new trouble.
    if (reason === 'destination_refused' || isRedriven(record)) return;
    if (!this.#lane.brake.record(true)) return;
    throw new TooManyDeadLettersError(
      `partition ${this.#lane.partition}: nearly all of the last events became dead letters, the newest because ${reason}; ` +
        'stopped before they are committed. Mend the producer, the settings (REPORT_KEY, REPORT_TIMES, REPORT_AMOUNTS) or the ' +
        'API, then start again; BRAKE_WINDOW=1000000 takes as many of them before it stops.',
    );
  }
}

interface Sorted {
  /** To be sent. */
  readonly fresh: Letter[];
  /** The fresh ones. */
  readonly packed: Packed;
  /** Accepted, as the last commit's note says. */
  readonly sentBefore: Letter[];
  /** The ledger has them, from this place. */
  readonly stored: Letter[];
  /** Published again: the ledger has them from another place. */
  readonly twice: Letter[];
}

/** Letters that had the same answer. */
interface Part {
  readonly letters: readonly Letter[];
  readonly sent: Sent;
}

const isAccepted = ({ sent }: Part): boolean => sent.outcome === 'accepted';

const NONE: ReadonlyMap<string, Known> = new Map();

const isRedriven = ({ headers }: FetchedRecord): boolean => redriveOf(headers) !== undefined;

function* deadOf(entries: readonly Entry[]): Generator<DeadRecord> {
  for (const { verdict, record } of entries)
    if (verdict?.kind === 'dead' && record !== undefined) yield { record, reason: verdict.reason };
}

function deadLettersOf({ letters, sent }: Part): DeadRecord[] {
  const reason = sent.outcome === 'refused' ? 'refused_by_api' : 'destination_refused';
  return letters.map(({ record }) => ({ record, reason, detail: detailOf(sent) }));
}

const detailOf = ({ status, code, msg }: Sent): string =>
  status === 0 ? msg : `status ${status}, code ${code}${msg === '' ? '' : `: ${msg}`}`;

/** @param part without what became of it: it was accepted before this assignment */
function deliveryOf(
  { letters, sent }: { letters: readonly Letter[]; sent: Sent | undefined },
  at: number,
): Delivery {
  const { outcome = 'accepted', attempts = 0, status = 200, code = 0 } = sent ?? {};
  return { letters, outcome: outcome === 'accepted' ? outcome : 'refused', at, attempts, status, code };
}

const letterOf = ({ record, reason }: DeadRecord): LedgerLetter => ({ place: record, reason });

function* skipsOf(entries: readonly Entry[], partition: number): Generator<Skip> {
  for (const { verdict, first, next } of entries)
    if (verdict?.kind === 'skip') yield { partition, first, last: next - 1, reason: verdict.reason };
}

const twiceOf = ({ entry, record }: Letter): Skip => ({
  partition: record.partition,
  first: entry.first,
  last: entry.first,
  reason: PUBLISHED_TWICE,
});
