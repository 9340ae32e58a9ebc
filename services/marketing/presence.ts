/** Whether there is any of something that comes to be once, and never goes again. */
export interface Presence {
  /** Asks, until there is some. Rejects as the question does. */
  ask(): Promise<void>;
  /** Whether there may be some: unless that there is none was true within the last `NONE_MS`. */
  mayBe(): boolean;
}

/** How long the answer that there is none holds, ms: what comes to be is missed no longer than that. */
const NONE_MS = 5000;

/** @param anyOf whether there is any. @param now ms, of any clock that only goes forward */
export function presence(anyOf: () => Promise<boolean>, now: () => number): Presence {
  let isFound = false;
  let noneAt = Number.NEGATIVE_INFINITY;
  return {
    async ask() {
      if (isFound) return;
      const asked = now();
      if (await anyOf()) isFound = true;
      else noneAt = asked;
    },
    mayBe: () => isFound || now() - noneAt > NONE_MS,
  };
}
