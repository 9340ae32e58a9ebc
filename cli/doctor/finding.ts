/** One thing that was looked at. */
export interface Finding {
  /** What it is about, such as `topics`. */
  readonly about: string;
  readonly wrong: boolean;
  readonly sentence: string;
  /** What to do, in a sentence; null: nothing. */
  readonly mend: string | null;
}

/** Makes the findings of one part. */
export interface Findings {
  readonly well: (sentence: string) => Finding;
  readonly wrong: (sentence: string, mend: string) => Finding;
}

export const findingsOf = (about: string): Findings => ({
  well: (sentence) => ({ about, wrong: false, sentence, mend: null }),
  wrong: (sentence, mend) => ({ about, wrong: true, sentence, mend }),
});
