import { blame } from '../../runtime/process/blame.ts';
import type { Waiting, Waits } from '../../runtime/process/waits.ts';

/** Makes calls to Kafka, and has the log say once that it is away and once that it is back. */
export class ToldOutage {
  readonly #waits: Waits;
  #waiting: Waiting | undefined;

  constructor(waits: Waits) {
    this.#waits = waits;
  }

  /** @throws what the call throws */
  async during<T>(call: () => Promise<T>): Promise<T> {
    const waiting = (this.#waiting ??= this.#waits.expect('Kafka', 'Kafka has not answered yet'));
    try {
      const result = await call();
      waiting.end();
      if (this.#waiting === waiting) this.#waiting = undefined;
      return result;
    } catch (error) {
      waiting.because(blame(error, 'Kafka').sentence);
      throw error;
    }
  }
}
