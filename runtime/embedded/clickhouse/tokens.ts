export interface Token {
  /** A bare word or a number, a string or quoted identifier with its quotes, or one other character. */
  readonly text: string;
  readonly kind: 'word' | 'quoted' | 'symbol';
  readonly start: number;
  readonly end: number;
}

const SPACE = /\s+|--[^\n]*|#[ !][^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y;
const WORD = /[A-Za-z0-9_]+/y;
const HEREDOC = /\$(\w*)\$[\s\S]*?\$\1\$/y;
const QUOTED: Readonly<Record<string, RegExp>> = {
  "'": /'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)/y,
  '"': /"(?:[^"\\]|\\[\s\S]|"")*(?:"|$)/y,
  '`': /`(?:[^`\\]|\\[\s\S]|``)*(?:`|$)/y,
};

/** The tokens of ClickHouse SQL, without spaces and comments. Offsets are in characters of `sql`. */
export function* tokens(sql: string): Generator<Token> {
  let at = 0;
  const match = (pattern: RegExp): number => {
    pattern.lastIndex = at;
    return pattern.test(sql) ? pattern.lastIndex : at;
  };
  while (at < sql.length) {
    const start = at;
    const first = sql.charAt(at);
    if ((at = match(SPACE)) > start) continue;
    const quoted = QUOTED[first] ?? (first === '$' ? HEREDOC : undefined);
    if (quoted !== undefined && (at = match(quoted)) > start) {
      yield { text: sql.slice(start, at), kind: 'quoted', start, end: at };
    } else if ((at = match(WORD)) > start) {
      yield { text: sql.slice(start, at), kind: 'word', start, end: at };
    } else {
      at = start + 1;
      yield { text: first, kind: 'symbol', start, end: at };
    }
  }
}
