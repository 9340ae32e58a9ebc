import type { Publisher } from '../publisher.ts';
import type { SimulationCounts } from './counts.ts';
import { dueTimes, type Pace } from './pace.ts';
import { recordOf } from './records.ts';
import type { Sending } from './sending.ts';

// Between two pieces of a backlog what Kafka answers gets its turn.
const PIECE = 200;

/** Publishes what a simulation sends, counts it, and keeps its order. */
export class SimulationPublication {
  readonly #publisher: Publisher;
  readonly #counts: SimulationCounts;
  readonly #onProgress: () => void;
  #failure: { readonly error: unknown } | undefined;

  constructor(publisher: Publisher, counts: SimulationCounts, onProgress: () => void) {
    this.#publisher = publisher;
    this.#counts = counts;
    this.#onProgress = onProgress;
  }

  /** As fast as Kafka takes it, until all is queued or `signal` is aborted. @throws {DeliveryError} */
  async backlog(sendings: Iterator<Sending>, signal: AbortSignal): Promise<void> {
    for (let done = false; !done && !signal.aborted;) {
      const piece: Sending[] = [];
      while (piece.length < PIECE && !done) {
        const next = sendings.next();
        if (next.done === true) done = true;
        else piece.push(next.value);
      }
      await this.#queue(piece);
      await new Promise(setImmediate);
    }
  }

  /** At an even rate, until the pace ends or `signal` is aborted. @throws {DeliveryError} */
  async live(sendings: Generator<Sending, never, number>, pace: Pace, signal: AbortSignal): Promise<void> {
    for await (const times of dueTimes(pace, signal)) {
      await this.#queue(times.map((time) => sendings.next(time).value));
    }
  }

  /** Resolves when all that was queued is acknowledged. @throws {DeliveryError} */
  async flush(): Promise<void> {
    await this.#publisher.queue.close();
    this.#throwFailure();
  }

  async #queue(sendings: readonly Sending[]): Promise<void> {
    const deadline = this.#publisher.queue.deadline();
    const encoding = await this.#publisher.ready(deadline);
    this.#throwFailure();
    const records = sendings.map((sending) => recordOf(sending, encoding, this.#counts));
    const sent = records.filter((record) => record !== undefined);
    this.#publisher.queue.add(sent, deadline).catch((error: unknown) => (this.#failure ??= { error }));
    this.#onProgress();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
