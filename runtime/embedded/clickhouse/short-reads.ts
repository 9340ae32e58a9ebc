import type { Addon, Connection } from './addon.ts';
import { MAX_WHOLE_BYTES, type EngineLocation, type Job } from './job.ts';
import type { Piece } from './run-job.ts';
import { preparation, resumed, type SessionPlan } from './session.ts';

/** Idle sessions at the most. */
const KEPT = 8;

/**
 * A read of the writer whose answer leaves as a whole, known by its text: to have the engine classify it takes as long as to
 * plan a small one. It leaves nothing behind in its session, and never blocks the thread that asks.
 */
export const isShortRead = ({ plan, streams, sql }: Job): boolean =>
  !plan.analyst && !streams && !sql.includes(';') && /^\s*SELECT\b/i.test(sql);

interface Session {
  /** What its settings are, or undefined: they may not be changed any more. */
  readonly likeness: string | undefined;
  readonly connection: Connection;
}

/**
 * Runs short reads on sessions that are kept for the next one with the same settings: to open a session, to set it up, and to
 * hand the job to another thread would take longer than a look-up by primary key.
 */
export class ShortReads {
  readonly #addon: Addon;
  readonly #location: EngineLocation;
  readonly #idle: Session[] = [];

  constructor(addon: Addon, location: EngineLocation) {
    this.#addon = addon;
    this.#location = location;
  }

  /** @throws {Error} what the engine threw */
  async run({ plan: asked, sql, format }: Job): Promise<Piece> {
    const plan = bounded(asked);
    const likeness = likenessOf(plan);
    const at = this.#idle.findIndex((session) => session.likeness === likeness);
    const [kept] = likeness === undefined || at < 0 ? [] : this.#idle.splice(at, 1);
    const session = kept ?? { likeness, connection: this.#open() };
    const statements = kept === undefined ? `${preparation(plan)}; ${sql}` : resumed(plan, sql);
    let keep = false;
    try {
      const { bytes, elapsed, rowsRead, bytesRead } = await this.#addon.QueryAsyncConnection(
        session.connection,
        statements,
        format,
      );
      keep = likeness !== undefined;
      const stats = { elapsedSeconds: elapsed, rowsRead, bytesRead, rowsWritten: 0, bytesWritten: 0 };
      return { bytes, stats };
    } finally {
      if (keep) this.#keep(session);
      else this.#addon.CloseConnection(session.connection);
    }
  }

  close(): void {
    for (const { connection } of this.#idle.splice(0)) this.#addon.CloseConnection(connection);
  }

  #open(): Connection {
    return this.#addon.CreateConnection(this.#location.path, this.#location.args);
  }

  #keep(session: Session): void {
    this.#idle.unshift(session);
    for (const { connection } of this.#idle.splice(KEPT)) this.#addon.CloseConnection(connection);
  }
}

/** The limit of an answer that is not streamed, unless the request has its own. */
const bounded = (plan: SessionPlan): SessionPlan =>
  plan.settings.some(([name]) => name === 'max_result_bytes')
    ? plan
    : { ...plan, settings: [...plan.settings, ['max_result_bytes', String(MAX_WHOLE_BYTES)]] };

/** Plans of equal likeness differ only in what `resumed` sets. */
const likenessOf = ({ database, readOnly, settings, params }: SessionPlan): string | undefined =>
  readOnly || settings.some(([name]) => name === 'readonly')
    ? undefined
    : JSON.stringify([database, settings, params.map(([name]) => name)]);
