import { LineCounter, parseDocument, visit, type Document } from 'yaml';

/** What a text says, or why it is no YAML. */
export type ReadYaml =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads one document of YAML, or of JSON, which YAML contains; otherwise says each problem with its line. */
export function readYaml(text: string): ReadYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = [...document.errors.map(problemOf), ...unknownAliases(document)]
    .map(({ at, message }) => ({ line: lines.linePos(at).line, message }))
    .toSorted((one, other) => one.line - other.line)
    .map(({ line, message }) => `line ${line}: ${message}`);
  if (problems.length > 0) return { ok: false, problems };
  try {
    return { ok: true, value: document.toJS() };
  } catch {
    // Its aliases are known, so that only their number is left.
    return { ok: false, problems: ['must not say so much by aliases of aliases'] };
  }
}

interface Problem {
  /** Of the first character. */
  readonly at: number;
  readonly message: string;
}

const problemOf = ({ code, pos, message }: Document['errors'][number]): Problem => ({
  at: pos[0],
  message: code === 'MULTIPLE_DOCS' ? 'must be one document: --- begins another' : message,
});

function unknownAliases(document: Document): Problem[] {
  const found: Problem[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return;
      const message = `*${alias.source} must have its anchor, &${alias.source}, before it`;
      found.push({ at: alias.range?.[0] ?? 0, message });
    },
  });
  return found;
}
