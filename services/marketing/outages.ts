import type { Waiting, Waits } from '../../runtime/process/waits.ts';

export interface OutagesOptions {
  readonly waits: Waits;
  /** Who is asked, such as `Kafka`. */
  readonly of: string;
  /** What may be logged of a failure. */
  readonly wordsOf: (error: unknown) => string;
  /** ms since 1970 */
  readonly now: () => number;
}

/** `ask`, which is asked again and again: that it fails is logged once, in plain words, and so is that it does no more. */
export function tellingOutages<A extends readonly unknown[], R>(
  ask: (...question: A) => Promise<R>,
  { waits, of, wordsOf, now }: OutagesOptions,
): (...question: A) => Promise<R> {
  let outage: Waiting | undefined;
  return async (...question) => {
    const asked = now();
    try {
      const answer = await ask(...question);
      outage?.end();
      outage = undefined;
      return answer;
    } catch (error) {
      const sentence = wordsOf(error);
      if (outage === undefined) outage = waits.begin(of, sentence, asked);
      else outage.because(sentence);
      throw error;
    }
  };
}
