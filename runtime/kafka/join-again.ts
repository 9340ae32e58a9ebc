import kafkajs from 'kafkajs';

/**
 * Thrown as a fetch begins, it makes kafkajs join the group again, as the member that it was. By itself it joins again in too few cases.
 *
 * A coordinator that moves is still loading when it is asked for the first time; kafkajs does not ask again, but fetches on: its
 * heartbeats go to the new coordinator and its commits to the old one, for ever. And a coordinator that is dead is waited for until
 * all tries are used up, long after there is another one.
 */
export class JoinAgainError extends kafkajs.KafkaJSError {
  readonly type = 'REBALANCE_IN_PROGRESS';

  constructor() {
    super('the group has to be joined again');
  }
}

const MISSED = 3;

/** Whether a member's heartbeats reach its coordinator. Each round of fetches ends with one, if one is due. */
export class Beats {
  readonly #intervalMs: number;
  #missed = 0;
  #countedAt = 0;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  heard(): void {
    this.#missed = 0;
  }

  /**
   * To be asked as a fetch begins. It counts fetches, not time: a process that was stopped, and missed nothing but that, is heard first.
   * @param now ms of any clock that never goes back
   */
  areMissing(now: number): boolean {
    if (now - this.#countedAt >= this.#intervalMs) {
      this.#countedAt = now;
      this.#missed += 1;
    }
    return this.#missed > MISSED;
  }
}
