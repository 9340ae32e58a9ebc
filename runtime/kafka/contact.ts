import type { Waits, Waiting } from '../process/waits.ts';

export interface ContactOptions {
  readonly waits: Waits;
  /** ms since 1970 */
  readonly now: () => number;
  /** Where the brokers are, for the log. */
  readonly brokers: readonly string[];
  /** The longest time between two answers while all is well, ms. */
  readonly silentMs: number;
}

const CHECK_MS = 1000;

/** Whether the brokers answer a member of a group: kafkajs itself never says that they do not, it tries again. */
export class Contact {
  readonly #options: ContactOptions;
  #answeredAt: number;
  #checkedAt: number;
  /** Why a broker could not be reached since the last answer. */
  #trouble: string | undefined;
  #isJoining = false;
  #waiting: Waiting | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ContactOptions) {
    this.#options = options;
    this.#answeredAt = this.#checkedAt = options.now();
  }

  /** Whether the group distributes its partitions anew, as far as is known. */
  get isJoining(): boolean {
    return this.#isJoining;
  }

  start(): void {
    this.#timer = setInterval(() => this.check(), CHECK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.answered();
  }

  /** A broker answered. */
  answered(): void {
    this.#answeredAt = this.#options.now();
    this.#trouble = undefined;
    this.#waiting?.end();
    this.#waiting = undefined;
  }

  /** A broker could not be reached. */
  failed(reason: string): void {
    this.#trouble = reason;
  }

  /** The group distributes its partitions anew; a broker answers when all members have joined. */
  joining(isJoining: boolean): void {
    this.#isJoining = isJoining;
    this.answered();
  }

  /** Looks whether the silence is too long. */
  check(): void {
    const { now, silentMs, waits } = this.#options;
    // A process that was stopped heard nobody, which says nothing about the brokers.
    const asleep = now() - this.#checkedAt - CHECK_MS;
    if (asleep > CHECK_MS) this.#answeredAt += asleep;
    this.#checkedAt = now();
    if (now() - this.#answeredAt < silentMs) return;
    const [on, sentence] = this.#reason();
    if (this.#waiting === undefined) this.#waiting = waits.begin(on, sentence, this.#answeredAt);
    else this.#waiting.because(sentence, on);
  }

  #reason(): [on: string, sentence: string] {
    const { brokers } = this.#options;
    if (this.#trouble !== undefined)
      return ['Kafka', `Kafka does not answer at ${brokers.join(', ')}: ${this.#trouble}`];
    if (this.#isJoining)
      return [
        'partitions',
        'the group is rebalancing; a consumer that was killed keeps its place for KAFKA_SESSION_TIMEOUT_MS',
      ];
    return ['Kafka', `Kafka does not answer at ${brokers.join(', ')}`];
  }
}
