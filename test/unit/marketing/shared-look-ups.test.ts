import { describe, expect, it } from '@jest/globals';

import { sharedLookUps } from '../../../services/marketing/shared-look-ups.ts';

const NEVER = 3_600_000;
const WANTED = (): boolean => false;

/** A store that answers when it is told to. */
function manualStore() {
  const asked: { keys: readonly string[]; answer: () => void; fail: (error: Error) => void }[] = [];
  const lookUpAll = (keys: readonly string[]): Promise<string[]> =>
    new Promise((resolve, reject) => {
      asked.push({ keys, answer: () => resolve(keys.map((key) => `of ${key}`)), fail: reject });
    });
  return { asked, lookUpAll };
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

describe('look-ups that are shared', () => {
  it('ask once for all keys of a moment, and give each its own answer', async () => {
    const { asked, lookUpAll } = manualStore();
    const lookUp = sharedLookUps(lookUpAll, { waitMs: 1, keys: 10, questions: 2, patienceMs: NEVER });
    const answers = ['a', 'b', 'a'].map((key) => lookUp(key, WANTED));
    await until(() => asked.length === 1);
    expect(asked[0]?.keys).toEqual(['a', 'b', 'a']);
    asked[0]?.answer();
    expect(await Promise.all(answers)).toEqual(['of a', 'of b', 'of a']);
  });

  it('do not wait when the question is full', () => {
    const { asked, lookUpAll } = manualStore();
    const lookUp = sharedLookUps(lookUpAll, { waitMs: NEVER, keys: 2, questions: 2, patienceMs: NEVER });
    for (const key of ['a', 'b']) void lookUp(key, WANTED);
    expect(asked.map(({ keys }) => keys)).toEqual([['a', 'b']]);
  });

  it('gather while the store is busy, and go out when it has answered, before the answers do', async () => {
    const { asked, lookUpAll } = manualStore();
    const lookUp = sharedLookUps(lookUpAll, { waitMs: 0, keys: 3, questions: 1, patienceMs: 0 });
    const askedByThen = lookUp('a', WANTED).then(() => asked.length);
    await until(() => asked.length === 1);
    const others = ['b', 'c', 'd', 'e'].map((key) => lookUp(key, WANTED));
    await turn();
    expect(asked).toHaveLength(1);
    asked[0]?.answer();
    expect(await askedByThen).toBe(2);
    expect(asked[1]?.keys).toEqual(['b', 'c', 'd']);
    asked[1]?.answer();
    await until(() => asked.length === 3);
    asked[2]?.answer();
    expect(await Promise.all(others)).toEqual(['of b', 'of c', 'of d', 'of e']);
  });

  it('are on their way before the answers of the question before are made use of', async () => {
    const { asked, lookUpAll } = manualStore();
    const order: string[] = [];
    const writes = (keys: readonly string[]): Promise<string[]> => {
      // As a client does that writes in the next turn of the event loop.
      setImmediate(() => order.push(`${keys.join()} written`));
      return lookUpAll(keys);
    };
    const lookUp = sharedLookUps(writes, { waitMs: 0, keys: 10, questions: 1, patienceMs: 0 });
    const answered = lookUp('a', WANTED).then(() => order.push('a answered'));
    await until(() => asked.length === 1);
    void lookUp('b', WANTED);
    asked[0]?.answer();
    await answered;
    expect(order).toEqual(['a written', 'b written', 'a answered']);
  });

  it('go out one after the other as long as the store answers', async () => {
    const { asked, lookUpAll } = manualStore();
    const lookUp = sharedLookUps(lookUpAll, { waitMs: 0, keys: 10, questions: 2, patienceMs: NEVER });
    void lookUp('a', WANTED);
    await until(() => asked.length === 1);
    void lookUp('b', WANTED);
    await turn();
    expect(asked).toHaveLength(1);
    asked[0]?.answer();
    await until(() => asked.length === 2);
    expect(asked[1]?.keys).toEqual(['b']);
  });

  it('pass by one that does not end, and are one at once again when it has', async () => {
    const { asked, lookUpAll } = manualStore();
    const patienceMs = 50;
    const lookUp = sharedLookUps(lookUpAll, { waitMs: 0, keys: 10, questions: 2, patienceMs });
    void lookUp('a', WANTED);
    await until(() => asked.length === 1);
    const began = performance.now();
    const passing = lookUp('b', WANTED);
    await until(() => asked.length === 2);
    expect(performance.now() - began).toBeGreaterThan(patienceMs - 2);
    void lookUp('c', WANTED);
    asked[1]?.answer();
    expect(await passing).toBe('of b');
    expect(asked).toHaveLength(2);
    asked[0]?.answer();
    await until(() => asked.length === 3);
    expect(asked[2]?.keys).toEqual(['c']);
  });

  it('do not wait beside another question when their own is full', async () => {
    const { asked, lookUpAll } = manualStore();
    const lookUp = sharedLookUps(lookUpAll, { waitMs: 0, keys: 2, questions: 2, patienceMs: NEVER });
    void lookUp('a', WANTED);
    await until(() => asked.length === 1);
    for (const key of ['b', 'c']) void lookUp(key, WANTED);
    expect(asked[1]?.keys).toEqual(['b', 'c']);
  });

  it('fail together when the question fails, and the next ones are asked again', async () => {
    const { asked, lookUpAll } = manualStore();
    const lookUp = sharedLookUps(lookUpAll, { waitMs: 0, keys: 3, questions: 1, patienceMs: 0 });
    const answers = Promise.allSettled(['a', 'b'].map((key) => lookUp(key, WANTED)));
    await until(() => asked.length === 1);
    asked[0]?.fail(new Error('away'));
    expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = lookUp('c', WANTED);
    await until(() => asked.length === 2);
    asked[1]?.answer();
    expect(await next).toBe('of c');
  });

  it('leave out what nobody waits for any more', async () => {
    const { asked, lookUpAll } = manualStore();
    const lookUp = sharedLookUps(lookUpAll, { waitMs: 0, keys: 10, questions: 1, patienceMs: 0 });
    void lookUp('a', WANTED);
    await until(() => asked.length === 1);
    let isOver = false;
    void lookUp('b', () => isOver);
    const wanted = lookUp('c', WANTED);
    isOver = true;
    asked[0]?.answer();
    await until(() => asked.length === 2);
    expect(asked[1]?.keys).toEqual(['c']);
    asked[1]?.answer();
    expect(await wanted).toBe('of c');
  });
});
