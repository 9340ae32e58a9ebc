import type { Addon, Connection } from './addon.ts';
import { ServerError } from './errors.ts';
import type { Job, JobStats } from './job.ts';
import { preparation } from './session.ts';

/** A piece of an answer; the statistics come with a whole one. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly stats?: JobStats;
}

const CLASS = { reads: 0, controls: 3, unknown: 4 } as const;

/** A larger answer has to be streamed, in bytes: it would be held in memory as a whole. */
const MAX_WHOLE_BYTES = 1 << 30;

/**
 * Runs a job in a session of its own, and yields its answer. Blocks the thread while a streamed query is planned.
 * @throws {Error} what the engine threw, or a ServerError
 */
export async function* runJob(addon: Addon, connection: Connection, job: Job): AsyncGenerator<Piece> {
  await addon.QueryAsyncConnection(connection, preparation(job.plan), 'Null');
  const { statementCount, queryClass } = await addon.DurableClassifyAsync(connection, job.sql, null);
  if (statementCount > 1) throw ServerError.of(62, 'Syntax error (Multi-statements are not allowed).');
  if (job.plan.analyst) await refuseControl(addon, connection, job.sql, queryClass);
  if (queryClass === CLASS.reads && job.streams) yield* streamed(addon, connection, job);
  else yield await whole(addon, connection, job, queryClass === CLASS.reads);
}

// The role bars the analyst from data; these statements need no right of their own, or are done by the client that
// chdb contains: SET ROLE, KILL of others' queries, files written and read beside the engine.
async function refuseControl(
  addon: Addon,
  connection: Connection,
  sql: string,
  queryClass: number,
): Promise<void> {
  if (/outfile|infile/i.test(sql))
    throw ServerError.of(164, 'Files cannot be read or written in readonly mode.');
  // A text that does not parse gets its own error here, and one that the engine alone understands is refused below.
  if (queryClass >= CLASS.unknown) await addon.QueryAsyncConnection(connection, `EXPLAIN AST ${sql}`, 'Null');
  if (queryClass >= CLASS.controls) throw ServerError.of(164, 'Cannot execute query in readonly mode.');
}

async function whole(addon: Addon, connection: Connection, job: Job, reads: boolean): Promise<Piece> {
  if (reads && !job.plan.settings.some(([name]) => name === 'max_result_bytes')) {
    await addon
      .QueryAsyncConnection(connection, `SET max_result_bytes = ${MAX_WHOLE_BYTES}`, 'Null')
      .catch(() => undefined);
  }
  const { bytes, elapsed, rowsRead, bytesRead } = await addon.QueryAsyncConnection(
    connection,
    job.sql,
    job.format,
  );
  return { bytes, stats: { elapsedSeconds: elapsed, rowsRead, bytesRead } };
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
