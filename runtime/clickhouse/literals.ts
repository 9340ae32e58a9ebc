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
 * `rows` as the right side of an IN: `(('a','1'),('b','2'))`. `rows` must not be empty. For thousands of rows,
 * `pairsCondition` costs ClickHouse a quarter of it.
 */
export function tupleList(rows: readonly (readonly string[])[]): string {
  return `(${rows.map((row) => `(${row.map(stringLiteral).join(',')})`).join(',')})`;
}

/**
 * The condition that `(first, second)` is one of `pairs`, grouped by the first: `(a='x' AND b IN ('1','2')) OR (…)`. Meant
 * for look-ups of thousands of keys whose first part has few values; lists of plain strings are what ClickHouse parses
 * fastest. The text goes in the body of the request, where `param_…` would not fit. No pairs: nothing fulfils it.
 */
export function pairsCondition(
  [first, second]: readonly [first: string, second: string],
  pairs: Iterable<readonly [string, string]>,
): string {
  const groups = new Map<string, string[]>();
  for (const [one, other] of pairs) {
    const group = groups.get(one);
    if (group === undefined) groups.set(one, [stringLiteral(other)]);
    else group.push(stringLiteral(other));
  }
  if (groups.size === 0) return '0';
  const [a, b] = [identifier(first), identifier(second)];
  const conditions = [...groups].map(
    ([one, others]) => `(${a}=${stringLiteral(one)} AND ${b} IN (${others.join(',')}))`,
  );
  return `(${conditions.join(' OR ')})`;
}

/** `name` as a ClickHouse identifier, backquotes included. */
export function identifier(name: string): string {
  return `\`${name.replaceAll(/[\\`]/g, (character) => `\\${character}`)}\``;
}
