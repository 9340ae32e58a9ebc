/** What lies with a commit. */
export interface CommitNote {
  /** When it was committed, ms since 1970; undefined: somebody else's program did it. */
  readonly at: number | undefined;
  /** undefined: there is none. */
  readonly note: string | undefined;
}

const FORM = /^@(\d+)(?: ([\s\S]*))?$/;

/** @param note a text to keep with the commit */
export const writeCommitNote = (at: number, note: string | undefined): string =>
  note === undefined ? `@${at}` : `@${at} ${note}`;

/** A text of another form is a note without a time. */
export function readCommitNote(text: string): CommitNote {
  const found = FORM.exec(text);
  if (found === null) return { at: undefined, note: text === '' ? undefined : text };
  return { at: Number(found[1]), note: found[2] };
}
