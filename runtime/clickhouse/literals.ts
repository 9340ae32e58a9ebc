const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
  '\0': '\\0',
};

/** `text` as a ClickHouse string literal, quotes included. */
export function stringLiteral(text: string): string {
  return `'${text.replaceAll(/[\\'\n\r\t\b\f\0]/g, (character) => ESCAPES[character] ?? character)}'`;
}

/**
 * `rows` as the right side of an IN: `(('a','1'),('b','2'))`. Meant for look-ups of thousands of keys: the text goes in
 * the body of the request, where `param_…` would not fit. `rows` must not be empty.
 */
export function tupleList(rows: readonly (readonly string[])[]): string {
  return `(${rows.map((row) => `(${row.map(stringLiteral).join(',')})`).join(',')})`;
}

/** `name` as a ClickHouse identifier, backquotes included. */
export function identifier(name: string): string {
  return `\`${name.replaceAll(/[\\`]/g, (character) => `\\${character}`)}\``;
}
