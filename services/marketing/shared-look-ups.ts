import { setImmediate } from 'node:timers/promises';

/** Answers many keys with one question. @returns the values in the order of the keys */
export type LookUpAll<K, V> = (keys: readonly K[]) => Promise<readonly V[]>;

export interface Sharing {
  /** How long a key waits for others, ms. */
  readonly waitMs: number;
  /** Keys of one question at the most. */
  readonly keys: number;
  /** Questions at the same time at the most: meanwhile keys gather, so a slower store is asked less often for more. */
  readonly questions: number;
  /**
   * How long a key waits for the end of a question that is under way before another one is asked beside it, ms. Two at once cost the
   * store more than one for the same keys, but one that never ends must not hold up all others.
   */
  readonly patienceMs: number;
}

interface Waiting<K, V> {
  readonly key: K;
  readonly isOver: () => boolean;
  readonly resolve: (value: V) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Gathers the keys that are asked for at about the same time into one question. A key for which nobody waits any more when its
 * question is asked (`isOver`) is left out of it, and its promise stays open.
 */
export function sharedLookUps<K, V>(
  lookUpAll: LookUpAll<K, V>,
  { waitMs, keys, questions, patienceMs }: Sharing,
): (key: K, isOver: () => boolean) => Promise<V> {
  let waiting: Waiting<K, V>[] = [];
  let asking = 0;
  let timer: NodeJS.Timeout | undefined;

  const due = (): void => {
    clearTimeout(timer);
    timer = undefined;
    waiting = waiting.filter(({ isOver }) => !isOver());
    while (asking < questions && waiting.length > 0) void ask(waiting.splice(0, keys));
  };
  const ask = async (asked: readonly Waiting<K, V>[]): Promise<void> => {
    asking += 1;
    const [answered] = await Promise.allSettled([lookUpAll(asked.map(({ key }) => key))]);
    asking -= 1;
    // Before the answers: the store is at work while they are made use of. Its client writes in the next turn of the event loop,
    // and what waits for the answers would all run in this one.
    if (asking === 0) due();
    else gather();
    await setImmediate();
    deliver(asked, answered);
  };
  const gather = (): void => {
    if (asking >= questions || waiting.length === 0) return;
    if (waiting.length >= keys) due();
    else timer ??= setTimeout(due, asking === 0 ? waitMs : patienceMs);
  };
  return (key, isOver) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, isOver, resolve, reject });
      gather();
    });
}

function deliver<K, V>(asked: readonly Waiting<K, V>[], answered: PromiseSettledResult<readonly V[]>): void {
  for (const [at, { resolve, reject }] of asked.entries()) {
    const value = answered.status === 'fulfilled' ? answered.value[at] : undefined;
    if (value !== undefined) resolve(value);
    else if (answered.status === 'rejected') reject(answered.reason);
    else reject(new Error('the look-up has fewer answers than keys'));
  }
}
