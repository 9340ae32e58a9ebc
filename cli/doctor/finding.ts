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

/** Of what a person is told: the first sentence is what is wrong, the others what to do. @param otherwise what to do, if it does not say */
export function sentenceAndMend(told: string, otherwise: string): [sentence: string, mend: string] {
  const end = told.indexOf('. ');
  return end < 0 ? [told, otherwise] : [told.slice(0, end + 1), told.slice(end + 2)];
}
