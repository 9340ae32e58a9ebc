import { describe, expect, it } from '@jest/globals';

import { readCommitNote, writeCommitNote } from '../../../../runtime/kafka/commit-note.ts';

describe('what lies with a commit', () => {
  it.each([undefined, '{"sent":{"wx1":7}}', 'two\nlines', ''])(
    'gives its time and its note back: %j',
    (note) => {
      expect(readCommitNote(writeCommitNote(1_700_000_000_000, note))).toEqual({
        at: 1_700_000_000_000,
        note,
      });
    },
  );

  it('has no time when another program wrote it', () => {
    expect(readCommitNote('{"sent":{"wx1":7}}')).toEqual({ at: undefined, note: '{"sent":{"wx1":7}}' });
    expect(readCommitNote('')).toEqual({ at: undefined, note: undefined });
  });
});
