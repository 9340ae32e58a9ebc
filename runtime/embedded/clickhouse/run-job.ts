import type { Addon, Connection } from './addon.ts';
import { ServerError } from './errors.ts';
import { MAX_WHOLE_BYTES, type Job, type JobStats } from './job.ts';
import { forbiddenIn } from './confinement.ts';
import { preparation } from './session.ts';
import { isInsert, literal } from './statement.ts';

/** A piece of an answer; the statistics come with a whole one. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly stats?: JobStats;
}

const CLASS = { reads: 0, controls: 3, unknown: 4 } as const;

/**
 * Runs a job in a session of its own, so that nothing needs to be set back, and yields its answer. Blocks the thread while a
 * streamed query is planned.
 * @throws {Error} what the engine threw, or a ServerError
 */
export async function* runJob(addon: Addon, connection: Connection, job: Job): AsyncGenerator<Piece> {
  await addon.QueryAsyncConnection(connection, preparation(job.plan), 'Null');
  const { statementCount, queryClass } = await addon.DurableClassifyAsync(connection, job.sql, null);
  if (statementCount === 0) {
    await canonicalText(addon, connection, job.sql);
    throw ServerError.of(62, 'Syntax error: Empty query.');
  }
  if (statementCount > 1) throw ServerError.of(62, 'Syntax error (Multi-statements are not allowed).');
  if (job.plan.analyst) await confine(addon, connection, job.sql, queryClass);
  if (queryClass === CLASS.reads && job.streams) yield* streamed(addon, connection, job);
  else yield await whole(addon, connection, job, queryClass === CLASS.reads);
}

/** The role bars the analyst from data; this, from what the engine allows to every role. */
async function confine(addon: Addon, connection: Connection, sql: string, queryClass: number): Promise<void> {
  const canonical = await canonicalText(addon, connection, sql);
  if (queryClass >= CLASS.controls) throw ServerError.of(164, 'Cannot execute query in readonly mode.');
  const forbidden = forbiddenIn(canonical);
  if (forbidden !== undefined) throw ServerError.of(164, `${forbidden} is not available in readonly mode.`);
}

/** A statement as the engine writes it. @throws {Error} what is wrong with a text that does not parse */
async function canonicalText(addon: Addon, connection: Connection, sql: string): Promise<string> {
  const formatting = `SELECT formatQuerySingleLine(${literal(sql)})`;
  const { bytes } = await addon.QueryAsyncConnection(connection, formatting, 'TSVRaw');
  return Buffer.from(bytes).toString();
}

async function whole(addon: Addon, connection: Connection, job: Job, reads: boolean): Promise<Piece> {
  if (isInsert(job.sql)) return inserted(addon, connection, job.sql);
  if (reads && !job.plan.settings.some(([name]) => name === 'max_result_bytes')) {
    await addon.QueryAsyncConnection(connection, `SET max_result_bytes = ${MAX_WHOLE_BYTES}`, 'Null');
  }
  const { bytes, elapsed, rowsRead, bytesRead } = await addon.QueryAsyncConnection(
    connection,
    job.sql,
    job.format,
  );
  return { bytes, stats: { elapsedSeconds: elapsed, rowsRead, bytesRead, rowsWritten: 0, bytesWritten: 0 } };
}

// The entry for inserts is the one that counts what was written.
async function inserted(addon: Addon, connection: Connection, sql: string): Promise<Piece> {
  const nothing = Buffer.alloc(0);
  const { elapsed, rowsWritten, bytesWritten } = await addon.InsertRawAsyncConnection(
    connection,
    sql,
    nothing,
    false,
  );
  const stats = {
    elapsedSeconds: elapsed,
    rowsRead: rowsWritten,
    bytesRead: bytesWritten,
    rowsWritten,
    bytesWritten,
  };
  return { bytes: nothing, stats };
}

async function* streamed(addon: Addon, connection: Connection, job: Job): AsyncGenerator<Piece> {
  let stream: object;
  try {
    stream = addon.StreamQuery(connection, job.sql, job.format);
  } catch (error) {
    // SHOW, DESCRIBE, EXISTS: short answers that the engine does not stream.
    if (!(error instanceof Error && error.message.includes('Streaming query is not supported'))) throw error;
    yield await whole(addon, connection, job, false);
    return;
  }
  try {
    for (;;) {
      const chunk = await addon.StreamFetch(stream);
      if (chunk.done) return;
      yield { bytes: chunk.bytes };
    }
  } finally {
    addon.StreamCancel(stream);
  }
}
