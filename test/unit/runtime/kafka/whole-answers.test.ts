import { describe, expect, it } from '@jest/globals';

import { WholeAnswers } from '../../../../runtime/kafka/whole-answers.ts';
import { createRandom } from '../../../../runtime/process/random.ts';

const answer = (bytes: number): Buffer => {
  const framed = Buffer.alloc(4 + bytes, bytes % 251);
  framed.writeInt32BE(bytes, 0);
  return framed;
};

describe('whole answers', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('are handed on as they end, however they arrive (seed %i)', (seed) => {
    const random = createRandom(String(seed), 'answers');
    const all = Array.from({ length: 200 }, () => answer(random.chance(0.1) ? 0 : random.int(1, 300)));
    const ends = new Set(
      all.reduce<number[]>((sums, { length }) => [...sums, (sums.at(-1) ?? 0) + length], []),
    );
    const stream = Buffer.concat(all);
    const answers = new WholeAnswers();
    let given = 0;
    for (let at = 0; at < stream.length;) {
      const to = Math.min(stream.length, at + random.int(1, 400));
      const whole = answers.add(stream.subarray(at, to));
      at = to;
      // Everything that is whole by now, to the last byte.
      const due = [...ends].filter((end) => end <= at && end > given);
      if (whole === undefined) expect(due).toEqual([]);
      else expect(whole).toEqual(stream.subarray(given, due.at(-1)));
      given += whole?.length ?? 0;
    }
    expect(given).toBe(stream.length);
  });

  it('holds back what has no end', () => {
    const answers = new WholeAnswers();
    expect(answers.add(answer(100).subarray(0, 90))).toBeUndefined();
    expect(new WholeAnswers().add(answer(3))).toEqual(answer(3));
  });
});
