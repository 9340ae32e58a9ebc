import { Brake } from '../../runtime/kafka/brake.ts';
import { signalled } from '../../runtime/process/signalled.ts';
import type { Fetched, FetchedRecord } from '../../runtime/kafka/group.ts';
import type { Outgoing, Verdict } from './judge.ts';
import { writeNote, type Note } from './note.ts';
import { Recent } from './recent.ts';

/** A record, or a gap of the log, and how far it is. */
export interface Entry {
  /** The first offset that it accounts for. */
  readonly first: number;
  /** The offset after it. */
  readonly next: number;
  /** undefined: these offsets hold no record, or what became of it is known and booked. */
  record: FetchedRecord | undefined;
  verdict: Verdict | undefined;
  /** Whether the tables account for it. */
  isDone: boolean;
}

/** An event that was taken out of a lane. */
export interface Letter {
  readonly entry: Entry;
  readonly record: FetchedRecord;
  readonly event: Outgoing;
}

/** Accepted events that the note speaks of. */
export interface Noted {
  readonly appId: string;
  readonly events: number;
}

/** What is sent together, and what is no event on the way there. */
export interface Parcel {
  /** Of one app, in log order; all of them redriven, or none. */
  readonly events: readonly Letter[];
  /** Dead records, skips and gaps. */
  readonly others: readonly Entry[];
}

export interface ParcelLimits {
  readonly events: number;
  /** Of the bodies together. */
  readonly bytes: number;
}

export interface LaneOptions {
  readonly partition: number;
  /** The first offset that will be fetched. */
  readonly start: number;
  /** What the last commit said. */
  readonly note: Note;
  readonly brakeWindow: number;
  readonly brakeShare: number;
  readonly judge: (record: FetchedRecord) => Verdict;
}

// Looked through for events of one app, so that apps which alternate still travel in arrays.
const WINDOW = 500;
// More than are taken and not in the ledger at any time, so that the copy of one of those is known.
const REMEMBERED = 10_000;
const FULL_RECORDS = 1000;
const FULL_BYTES = 4_194_304;

export const PUBLISHED_TWICE = 'published_twice';
const NO_RECORD: Verdict = { kind: 'skip', reason: 'no_record' };
const TWICE: Verdict = { kind: 'skip', reason: PUBLISHED_TWICE };

/** One assignment of one partition: what was fetched, what is on its way, and how far it is accounted for. */
export class Lane {
  readonly partition: number;
  readonly brake: Brake;
  /** What the commit that this assignment began at said was sent beyond it. */
  readonly sentBefore: Note['apps'];
  readonly #judge: (record: FetchedRecord) => Verdict;
  /** Events that were taken, and those that were passed over: while one waits for its app's turn, more are taken than are remembered. */
  readonly #recent = new Recent(REMEMBERED);
  readonly #passedOver = new Set<string>();
  readonly #accepted = new Map<string, { mark: number; open: number }>();
  /** Fetched and not taken, in log order. */
  #waiting: Entry[] = [];
  #bytes = 0;
  /** Fetched and not accounted for, in log order. */
  #open: Entry[] = [];
  #end: number;
  #note: { readonly position: number; readonly text: string | undefined | null } | undefined;
  /** So many of those that wait were looked at, so that the schemas of their writers are loaded. */
  #seen = 0;
  #arrival = signalled();

  constructor({ partition, start, note, brakeWindow, brakeShare, judge }: LaneOptions) {
    this.partition = partition;
    this.brake = new Brake(brakeWindow, brakeShare);
    this.#end = start;
    this.sentBefore = note.apps;
    this.#judge = judge;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Whether no more should be fetched. */
  get isFull(): boolean {
    return this.#waiting.length >= FULL_RECORDS || this.#bytes >= FULL_BYTES;
  }

  get isHalfEmpty(): boolean {
    return this.#waiting.length < FULL_RECORDS / 2 && this.#bytes < FULL_BYTES / 2;
  }

  /** Entries that are taken and not accounted for. */
  get openEntries(): number {
    return this.#open.length - this.#waiting.length;
  }

  put({ records, from, to }: Fetched): void {
    let first = from;
    for (const record of records) {
      if (record.offset > first) this.#push(gap(first, record.offset));
      first = record.offset + 1;
      this.#push({ first: record.offset, next: first, record, verdict: undefined, isDone: false });
    }
    if (to > first) this.#push(gap(first, to));
    this.#end = to;
    this.wake();
  }

  /** Resolves when something waits in the lane, or `wake` is called. */
  async arrival(): Promise<void> {
    if (this.isEmpty) await this.#arrival.promise;
  }

  wake(): void {
    this.#arrival.resolve();
    this.#arrival = signalled();
  }

  /** The records that the next parcel may look at, and that were not asked for before. */
  ahead(): FetchedRecord[] {
    const unseen = this.#waiting.slice(this.#seen, WINDOW);
    this.#seen += unseen.length;
    return unseen.map(({ record }) => record).filter((record) => record !== undefined);
  }

  /** Takes out what is sent together next: as many events as fit of the app that waits longest. */
  take(limits: ParcelLimits): Parcel {
    const events: Letter[] = [];
    const others: Entry[] = [];
    const kept: Entry[] = [];
    const fits = packing(limits);
    let scanned = 0;
    // What came in the meantime was not looked at yet.
    for (const entry of this.#waiting.slice(0, this.#seen)) {
      if (fits.isFull()) break;
      scanned += 1;
      const verdict = this.#judged(entry);
      const { record } = entry;
      if (verdict.kind !== 'event' || record === undefined) others.push(entry);
      else if (fits.add(verdict.event)) {
        events.push({ entry, record, event: verdict.event });
        this.#passedOver.delete(verdict.event.eventId);
        this.#recent.add(verdict.event.eventId);
      } else {
        kept.push(entry);
        this.#passedOver.add(verdict.event.eventId);
      }
    }
    this.#waiting.splice(0, scanned, ...kept);
    this.#seen -= scanned - kept.length;
    for (const { record } of others) this.#bytes -= sizeOf(record);
    for (const { record } of events) this.#bytes -= sizeOf(record);
    return { events, others };
  }

  /** The events of one parcel were accepted, and the ledger does not say so yet. @returns what it is told when it does */
  accepted(letters: readonly Letter[]): Noted | undefined {
    const last = letters.at(-1);
    if (last === undefined) return undefined;
    const { appId } = last.event;
    const open = this.#accepted.get(appId)?.open ?? 0;
    this.#accepted.set(appId, { mark: last.entry.next, open: open + letters.length });
    this.#note = undefined;
    return { appId, events: letters.length };
  }

  /** The ledger says so. */
  stored({ appId, events }: Noted): void {
    const app = this.#accepted.get(appId);
    if (app === undefined) return;
    app.open -= events;
    if (app.open === 0) this.#accepted.delete(appId);
    this.#note = undefined;
  }

  /** The offset to commit: everything below it is accounted for. */
  position(): number {
    const at = this.#open.findIndex(({ isDone }) => !isDone);
    this.#open = at === -1 ? [] : at === 0 ? this.#open : this.#open.slice(at);
    return this.#open[0]?.first ?? this.#end;
  }

  /** What was accepted beyond the commit, in this assignment or before it, as a text; null: it is too long. */
  note(): string | undefined | null {
    const position = this.position();
    // It is asked for twice for each array, and changes once.
    if (this.#note?.position !== position) this.#note = { position, text: this.#noteAt(position) };
    return this.#note.text;
  }

  #noteAt(position: number): string | undefined | null {
    const before = [...this.sentBefore].filter(([, mark]) => mark > position);
    const now = [...this.#accepted].map(([app, { mark }]) => [app, mark] as const);
    return writeNote({ apps: new Map([...before, ...now]) });
  }

  #push(entry: Entry): void {
    this.#waiting.push(entry);
    this.#open.push(entry);
    this.#bytes += sizeOf(entry.record);
  }

  /** Its verdict; the copy of an event that this assignment has met is not sent again, unless it was redriven. */
  #judged(entry: Entry): Verdict {
    if (entry.verdict !== undefined || entry.record === undefined) return entry.verdict ?? NO_RECORD;
    let verdict = this.#judge(entry.record);
    if (verdict.kind === 'event') {
      const { eventId, isRedriven } = verdict.event;
      if (!isRedriven && (this.#passedOver.has(eventId) || this.#recent.has(eventId))) verdict = TWICE;
    }
    entry.verdict = verdict;
    return verdict;
  }
}

function gap(first: number, next: number): Entry {
  return { first, next, record: undefined, verdict: NO_RECORD, isDone: false };
}

const sizeOf = (record: FetchedRecord | undefined): number =>
  (record?.value?.length ?? 0) + (record?.key?.length ?? 0);

/** Tells of each event whether it travels with those before it. */
function packing({ events: most, bytes: mostBytes }: ParcelLimits) {
  // Of the others the lane takes no copy.
  const redriven = new Set<string>();
  let count = 0;
  let app: string | undefined;
  let isRedriven = false;
  let isClosed = false;
  // The brackets of the array.
  let bytes = 2;
  return {
    isFull: () => count >= most,
    add(event: Outgoing): boolean {
      app ??= event.appId;
      if (event.appId !== app || isClosed) return false;
      if (count === 0) ({ isRedriven } = event);
      const isOver = count > 0 && bytes + event.body.length + 1 > mostBytes;
      // What comes later of this app must not overtake it.
      if (isOver || event.isRedriven !== isRedriven || redriven.has(event.eventId)) {
        isClosed = true;
        return false;
      }
      if (isRedriven) redriven.add(event.eventId);
      count += 1;
      bytes += event.body.length + 1;
      return true;
    },
  };
}
