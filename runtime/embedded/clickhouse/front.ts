import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';

import type { Users } from './access.ts';
import { sendError, sendPieces } from './answer.ts';
import { decoded } from './body.ts';
import type { Engine } from './engine.ts';
import { ServerError } from './errors.ts';
import { isStreamed } from './formats.ts';
import { Lane } from './lane.ts';
import { requestOf, type Request } from './request.ts';
import { statementOf } from './request-text.ts';
import { schemaAnswer, sendSchema, type RegisteredSchema } from './schema-api.ts';
import { dataInsertOf, isRead, outputFormatOf, type DataInsert } from './statement.ts';

export interface FrontOptions {
  readonly engine: Engine;
  readonly users: Users;
  /** The database that the analyst sees, and is in. */
  readonly readable: string;
  readonly schemas: readonly RegisteredSchema[];
}

/** The longest that a query of an analyst may take, whatever it asks for, in ms. */
const ANALYST_MS = 600_000;

/** What the paths of requests are resolved against; nobody looks at it. */
const BASE = 'http://localhost';

/**
 * The request handler: ClickHouse's HTTP interface for `engine`, and the schema registry's.
 */
export function createFront({ engine, users, readable, schemas }: FrontOptions) {
  const lanes = {
    inserts: new Lane('inserts', 2, 32),
    lookUps: new Lane('look-ups', 4, 64),
    changes: new Lane('changes', 2, 32),
    analysts: new Lane('analysts', 3, 32),
  };

  async function answer(
    message: IncomingMessage,
    response: ServerResponse,
    url: URL,
    signal: AbortSignal,
  ): Promise<void> {
    const query = Buffer.from(url.searchParams.get('query') ?? '');
    const insert = dataInsertOf(query);
    if (insert === undefined || insert.dataAt < query.length) {
      const { text, parameters } = await statementOf(message, query, url.searchParams);
      return execute(requestFor(message, response, parameters), text, response, signal);
    }
    // The data are the body, as it is.
    const request = requestFor(message, response, url.searchParams);
    return write(request, insert, decoded(message), response, signal);
  }

  function requestFor(
    message: IncomingMessage,
    response: ServerResponse,
    parameters: URLSearchParams,
  ): Request {
    const request = requestOf(message, parameters, users, readable);
    response.setHeader('X-ClickHouse-Query-Id', request.plan.queryId);
    return request;
  }

  async function execute(
    request: Request,
    text: Buffer,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const insert = dataInsertOf(text);
    if (insert === undefined) await select(request, text.toString(), response, signal);
    else await write(request, insert, Readable.from([text.subarray(insert.dataAt)]), response, signal);
  }

  async function select(
    { plan, format: fallback, wait, gzip }: Request,
    sql: string,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const format = outputFormatOf(sql) ?? fallback;
    const job = { plan, sql, format: fallback, streams: !wait && isStreamed(format) };
    const lane = plan.analyst ? lanes.analysts : isRead(sql) ? lanes.lookUps : lanes.changes;
    const limit = plan.analyst ? AbortSignal.any([signal, AbortSignal.timeout(ANALYST_MS)]) : signal;
    await lane.run(limit, () => sendPieces(response, engine.run(job, limit), format, gzip));
  }

  async function write(
    { plan, format, gzip }: Request,
    insert: DataInsert,
    data: Readable,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    if (plan.analyst || plan.readOnly) throw ServerError.of(164, 'Cannot execute query in readonly mode.');
    const file = await engine.spool(data);
    try {
      const job = { plan, sql: insert.reading(file.path), format, streams: false };
      await lanes.inserts.run(signal, () => sendPieces(response, engine.run(job, signal), format, gzip));
    } finally {
      file.remove();
    }
  }

  return (message: IncomingMessage, response: ServerResponse): void => {
    common(response);
    const target = message.url ?? '/';
    if (!URL.canParse(target, BASE)) {
      response.writeHead(400).end(`${target} is no path\n`);
      return;
    }
    const url = new URL(target, BASE);
    const schema = schemaAnswer(url.pathname, schemas);
    if (url.pathname === '/ping' || url.pathname === '/replicas_status') response.end('Ok.\n');
    else if (schema !== undefined) sendSchema(message.method, response, schema);
    else if (url.pathname !== '/') response.writeHead(404).end(`There is no handle ${url.pathname}\n`);
    else {
      const signal = closing(response);
      answer(message, response, url, signal).catch((error: unknown) => sendError(response, error));
    }
  };
}

/** Aborts when the connection closes before the answer is complete. */
function closing(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(ServerError.of(394, 'The connection was closed.'));
  });
  return gone.signal;
}

function common(response: ServerResponse): void {
  response.setHeader('X-ClickHouse-Server-Display-Name', 'kaquan');
  response.setHeader('X-ClickHouse-Timezone', 'UTC');
}
