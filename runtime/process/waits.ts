import { duration } from './duration.ts';

/** Something that a process waits for: it goes on by itself when that comes. */
export interface Wait {
  /** What for, such as `ClickHouse`. */
  readonly on: string;
  /** What is known of the reason, without what a record says. */
  readonly sentence: string;
  /** ms since 1970 */
  readonly since: number;
  /** Whether that is trouble, or only has its time (a group with more consumers than partitions). */
  readonly isTrouble: boolean;
}

/** One caller's share in a wait. Several callers that wait for the same thing are one wait. */
export interface Waiting {
  /** It does wait, and this is why; the last reason counts. @param on what it is that is away, if that is known better by now */
  because(sentence: string, on?: string): void;
  /** It waits no more. */
  end(): void;
}

interface Known {
  sentence: string;
  readonly since: number;
  readonly isTrouble: boolean;
  readonly callers: Set<object>;
  /** What the log has of it. */
  readonly told: Set<string>;
  timer: NodeJS.Timeout | undefined;
}

type Tell = (fields: object, sentence: string) => void;

export interface WaitsOptions {
  readonly logger: { readonly info: Tell; readonly warn: Tell };
  /** ms since 1970 */
  readonly now: () => number;
  /** What is over sooner than this is not worth a line, ms; 2,000 unless told. */
  readonly tellAfterMs?: number;
  /** A call that takes longer is a wait, ms; 5,000 unless told. */
  readonly slowMs?: number;
  /** Told of each wait that begins, with since when (ms since 1970), and that ends, with undefined. */
  readonly onChange?: (on: string, since: number | undefined) => void;
}

// Of one wait; reasons may alternate for hours.
const REASONS_TOLD = 5;

/** All that a process waits for at this moment. The log says each once, in plain words, and when it is over. */
export class Waits {
  readonly #options: WaitsOptions;
  readonly #known = new Map<string, Known>();
  #endedAt = 0;

  constructor(options: WaitsOptions) {
    this.#options = options;
  }

  /** When the last wait ended, ms since 1970; 0: there was none. */
  get endedAt(): number {
    return this.#endedAt;
  }

  /** The longest first. */
  current(): Wait[] {
    return [...this.#known]
      .map(([on, { sentence, since, isTrouble }]) => ({ on, sentence, since, isTrouble }))
      .sort((a, b) => a.since - b.since);
  }

  /** A call to `on` begins: it is a wait when it takes long, or when `because` says so. To be ended in any case. */
  expect(on: string, slowSentence: string): Waiting {
    const { slowMs = 5000 } = this.#options;
    const began = this.#options.now();
    const waiting = this.#caller(on, began, true);
    const timer = setTimeout(() => waiting.because(slowSentence), slowMs).unref();
    return {
      because(sentence, away) {
        clearTimeout(timer);
        waiting.because(sentence, away);
      },
      end() {
        clearTimeout(timer);
        waiting.end();
      },
    };
  }

  /** A wait that began at `since`, ms since 1970. */
  begin(on: string, sentence: string, since: number, isTrouble = true): Waiting {
    const waiting = this.#caller(on, since, isTrouble);
    waiting.because(sentence);
    return waiting;
  }

  #caller(on: string, since: number, isTrouble: boolean): Waiting {
    const caller = {};
    let waitsOn: string | undefined;
    return {
      because: (sentence, away = on) => {
        if (waitsOn !== undefined && waitsOn !== away) this.#end(waitsOn, caller);
        waitsOn = away;
        this.#begin(away, sentence, since, isTrouble, caller);
      },
      end: () => {
        if (waitsOn !== undefined) this.#end(waitsOn, caller);
        waitsOn = undefined;
      },
    };
  }

  #begin(on: string, sentence: string, since: number, isTrouble: boolean, caller: object): void {
    let known = this.#known.get(on);
    if (known === undefined) {
      known = { sentence, since, isTrouble, callers: new Set(), told: new Set(), timer: undefined };
      this.#known.set(on, known);
      const { now, tellAfterMs = 2000, onChange } = this.#options;
      onChange?.(on, since);
      known.timer = setTimeout(() => this.#tell(on), Math.max(0, since + tellAfterMs - now())).unref();
    }
    known.callers.add(caller);
    known.sentence = sentence;
    if (known.told.size > 0) this.#tell(on);
  }

  #tell(on: string): void {
    const known = this.#known.get(on);
    if (known === undefined) return;
    const { sentence, since, isTrouble, told } = known;
    if (told.has(sentence) || told.size >= REASONS_TOLD) return;
    told.add(sentence);
    const from = new Date(since).toISOString();
    const { logger } = this.#options;
    const fields = { waits_for: on, since: from, alarm: isTrouble };
    const line = `waits for ${on} since ${from}: ${sentence}`;
    if (isTrouble) logger.warn(fields, line);
    else logger.info(fields, line);
  }

  #end(on: string, caller: object): void {
    const known = this.#known.get(on);
    if (known?.callers.delete(caller) !== true || known.callers.size > 0) return;
    this.#known.delete(on);
    this.#endedAt = this.#options.now();
    this.#options.onChange?.(on, undefined);
    clearTimeout(known.timer);
    if (known.told.size === 0) return;
    const took = this.#options.now() - known.since;
    this.#options.logger.info(
      { waited_for: on, seconds: took / 1000 },
      `waits for ${on} no more, after ${duration(took)}`,
    );
  }
}
