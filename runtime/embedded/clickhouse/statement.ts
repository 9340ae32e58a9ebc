import { tokens, type Token } from './tokens.ts';

/** An INSERT whose data come with the request, taken apart. */
export interface DataInsert {
  /** Where the data begin, in bytes of the text. */
  readonly dataAt: number;
  /** The statement that reads a file in the data's place. */
  readonly reading: (path: string) => string;
}

/** The longest statement before the data of an INSERT that is looked at, in bytes: ClickHouse's own max_query_size. */
const MAX_STATEMENT_BYTES = 262_144;

/**
 * Takes `text` apart if it is an INSERT with data (or waiting for some): `INSERT … FORMAT X`, `INSERT … VALUES`,
 * `INSERT … SELECT … FROM input(…) FORMAT X`. Anything else, also INSERT … SELECT, is undefined.
 */
export function dataInsertOf(text: Buffer): DataInsert | undefined {
  // One character per byte, so that offsets are those of the bytes.
  const sql = text.toString('latin1', 0, MAX_STATEMENT_BYTES);
  const found = endOfStatement(sql);
  if (found === undefined) return undefined;
  const { format, end, formatAt, settingsAt = formatAt, input } = found;
  const utf8 = (from: number, to: number) => text.toString('utf8', from, to);
  const fromFile = (path: string) =>
    `${utf8(0, settingsAt)} FROM INFILE ${literal(path)} ${utf8(settingsAt, formatAt)} FORMAT ${format}`;
  if (input === undefined) return { dataAt: afterSpace(sql, end), reading: fromFile };
  const asTable = (path: string) =>
    `${utf8(0, input.at)} file(${literal(path)}, ${literal(format)}, ${utf8(input.argumentsAt, formatAt)}`;
  return { dataAt: afterSpace(sql, end), reading: asTable };
}

// As ClickHouse reads it: spaces, and one line end, belong to the statement.
function afterSpace(sql: string, from: number): number {
  const space = /[ \t\f]*\r?\n?/y;
  space.lastIndex = from;
  return from + (space.exec(sql)?.[0].length ?? 0);
}

interface StatementEnd {
  readonly format: string;
  readonly formatAt: number;
  /** Where the SETTINGS of the INSERT itself begin. */
  readonly settingsAt?: number;
  readonly end: number;
  readonly input?: { readonly at: number; readonly argumentsAt: number };
}

function endOfStatement(sql: string): StatementEnd | undefined {
  let depth = 0;
  let selects = false;
  let input: StatementEnd['input'];
  let settings: { settingsAt?: number } = {};
  let before: Token | undefined;
  let previous: Token | undefined;
  for (const token of tokens(sql)) {
    const word = token.kind === 'word' ? token.text.toUpperCase() : token.text;
    if (previous === undefined && word !== 'INSERT') return undefined;
    if (word === '(' && isWord(previous, 'INPUT') && isWord(before, 'FROM', 'JOIN')) {
      input = { at: previous?.start ?? 0, argumentsAt: token.end };
    }
    if (word === '(') depth++;
    else if (word === ')') depth--;
    else if (depth === 0 && token.kind === 'word') {
      if (isWord(previous, 'FORMAT') && !namesTable(before)) {
        const data = { format: token.text, formatAt: previous?.start ?? 0, end: token.end, ...settings };
        if (!selects) return data;
        return input === undefined ? undefined : { ...data, input };
      }
      if (word === 'SELECT' || word === 'WITH') selects = true;
      if (word === 'SETTINGS' && !selects) settings = { settingsAt: token.start };
      if (word === 'VALUES' && !selects && !namesTable(previous)) {
        return { format: 'Values', formatAt: token.start, end: token.end, ...settings };
      }
    }
    before = previous;
    previous = token;
  }
  return undefined;
}

/** Whether a table's name follows, which may be any word. */
const namesTable = (token: Token | undefined): boolean =>
  token?.text === '.' || isWord(token, 'INTO', 'TABLE', 'FROM');

const isWord = (token: Token | undefined, ...words: string[]): boolean =>
  token?.kind === 'word' && words.includes(token.text.toUpperCase());

/** A query is looked through as a whole up to this length; a longer one, full of keys, at its end. */
const SHORT = 65_536;

const AT_END = /\bFORMAT\s+(\w+)\s*(?:SETTINGS\s[^()]*)?;?\s*$/i;

/** The format that a query names, if it does. */
export function outputFormatOf(sql: string): string | undefined {
  if (sql.length > SHORT) return AT_END.exec(sql.slice(-1_000))?.[1];
  let format: string | undefined;
  let previous: Token | undefined;
  for (const token of tokens(sql)) {
    if (isWord(previous, 'FORMAT') && token.kind === 'word') format = token.text;
    else if (isWord(token, 'FROM', 'SELECT', 'WHERE')) format = undefined;
    previous = token;
  }
  return format;
}

const READS = ['SELECT', 'WITH', 'FROM', 'SHOW', 'DESCRIBE', 'DESC', 'EXPLAIN', 'EXISTS'];

/** Whether a statement's first word is one of those that read. */
export const isRead = (sql: string): boolean => isWord(firstWord(sql), ...READS);

export const isInsert = (sql: string): boolean => isWord(firstWord(sql), 'INSERT');

function firstWord(sql: string): Token | undefined {
  for (const token of tokens(sql)) if (token.text !== '(') return token;
  return undefined;
}

/** A ClickHouse string literal. */
export function literal(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** A quoted identifier. */
export function identifier(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}
