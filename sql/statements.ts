/** A comment, quoted text, the statement's end, or what lies between them. */
const TOKEN = /--[^\n]*|'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.)*`|;|[^;'`-]+|[^]/g;

/**
 * The statements of an SQL file, in order, without comments and semicolons. Semicolons and dashes inside quotes belong
 * to their statement.
 */
export function statementsOf(text: string): string[] {
  const statements = [''];
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === ';') statements.push('');
    else if (!token.startsWith('--')) statements.push(`${statements.pop() ?? ''}${token}`);
  }
  return statements.map((statement) => statement.trim()).filter((statement) => statement !== '');
}
