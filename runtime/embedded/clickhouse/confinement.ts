import { tokens, type Token } from './tokens.ts';

/**
 * Functions that reach beyond the tables, which the engine as a library lets every role call: chdb takes itself for a
 * tool of one user.
 */
const FUNCTIONS =
  /^(file|catboostEvaluate|evalMLMethod|reverseDNSQuery|ai(Classify|Embed|Extract|Generate|Translate))$/i;

const CLAUSES = ['OUTFILE', 'INFILE'];

/**
 * What the analyst may not use in a statement.
 * @param canonical as the engine writes it: a name has one spelling, whatever escapes and comments the text had
 * @returns its name, or undefined
 */
export function forbiddenIn(canonical: string): string | undefined {
  let before: Token | undefined;
  let previous: Token | undefined;
  for (const token of tokens(canonical)) {
    const name = nameOf(previous);
    if (name !== undefined && token.text === '(' && FUNCTIONS.test(name)) return `Function ${name}`;
    if (isApplied(before, previous) && FUNCTIONS.test(nameOf(token) ?? '')) return `Function ${token.text}`;
    if (token.kind === 'word' && CLAUSES.includes(token.text.toUpperCase())) return token.text;
    before = previous;
    previous = token;
  }
  return undefined;
}

// "APPLY f", which the engine also takes as "APPLY(f)".
const isApplied = (before: Token | undefined, previous: Token | undefined): boolean =>
  [previous, previous?.text === '(' ? before : undefined].some(
    (token) => token?.text.toUpperCase() === 'APPLY',
  );

const nameOf = (token: Token | undefined): string | undefined =>
  token?.kind === 'word' || token?.text.startsWith('`') ? token.text.replaceAll('`', '') : undefined;
