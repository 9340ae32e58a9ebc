import { bodyOf, type Answer } from './answer.ts';
import { deadlineOf } from './deadline.ts';
import type { RequestOptions, ServerSettings } from './interface.ts';

/** Sends a request, and resolves with the head of its answer; gives it up when the signal aborts. */
export type Exchange = (settings: ServerSettings, signal: AbortSignal) => Promise<Answer>;

const DEFAULT_TIMEOUT_MS = 60_000;

/** The server holds an answer back until it knows that it is whole, and stops a query that nobody waits for. */
const WHOLE_ANSWERS: ServerSettings = {
  http_wait_end_of_query: 1,
  cancel_http_readonly_queries_on_client_close: 1,
};

const EXACT_JSON: ServerSettings = {
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_decimals: 1,
};

/** The server's default for max_query_size; a longer text is announced. */
const PLAIN_QUERY_BYTES = 262_144;

/**
 * The whole answer to `sql`. @param standing settings of every request; undefined: the usual ones
 * @throws as ClickHouse does
 */
export async function wholeAnswer(
  sql: string,
  { timeoutMs = DEFAULT_TIMEOUT_MS, signal, settings }: RequestOptions,
  standing: ServerSettings | undefined,
  exchange: Exchange,
): Promise<Buffer> {
  const deadline = deadlineOf(timeoutMs, signal);
  const usual = standing ?? { ...WHOLE_ANSWERS, max_execution_time: Math.ceil(timeoutMs / 1000) };
  try {
    // The client library listens for an abort that is still to come, and would wait for ever on one that has been.
    deadline.signal.throwIfAborted();
    const answer = await exchange({ ...usual, ...lengthSettings(sql), ...settings }, deadline.signal);
    deadline.onExpiry((reason) => answer.stream.destroy(reason));
    return await bodyOf(answer);
  } catch (error) {
    throw deadline.judge(error);
  } finally {
    deadline.clear();
  }
}

/** The rows of a SELECT. @param send sends a text with its own FORMAT, and settings that make its JSON exact */
export async function rowsOf<Row>(
  sql: string,
  request: RequestOptions,
  send: (sql: string, request: RequestOptions) => Promise<Buffer>,
): Promise<Row[]> {
  const exact = { ...request, settings: { ...EXACT_JSON, ...request.settings } };
  const body = await send(`${sql}\nFORMAT JSONEachRow`, exact);
  return body
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row);
}

function lengthSettings(sql: string): ServerSettings {
  const bytes = Buffer.byteLength(sql);
  return bytes < PLAIN_QUERY_BYTES ? {} : { max_query_size: bytes + 1, max_ast_elements: bytes };
}
