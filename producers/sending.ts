import type { OutRecord } from '../runtime/kafka/producer.ts';
import type { Violation } from '../schemas/index.ts';
import type { Publisher } from './publisher.ts';
import { encodeReport, type AcceptedEvent, type ReportEncoderOptions } from './report-encoder.ts';

/** A report that was published: Kafka's in-sync replicas all have it. */
export interface Accepted extends AcceptedEvent {
  /** Its place in what was sent, from 0. */
  readonly index: number;
}

/** A report that was not published, and every rule that it breaks. */
export interface Refused {
  /** Its place in what was sent, from 0. */
  readonly index: number;
  /** Where, which rule, and what was found (a type or a length, never the value). */
  readonly violations: readonly Violation[];
}

export interface SendResult {
  readonly accepted: readonly Accepted[];
  readonly refused: readonly Refused[];
}

// Between two pieces of a long list other work gets its turn.
const PIECE = 256;

/** One call's reports on their way. */
export class Sending {
  readonly #publisher: Publisher;
  readonly #deadline: number;
  readonly #accepted: Accepted[] = [];
  readonly #refused: Refused[] = [];
  readonly #deliveries: Promise<void>[] = [];

  /** Its time starts to run. */
  constructor(publisher: Publisher) {
    this.#publisher = publisher;
    this.#deadline = publisher.queue.deadline();
  }

  /** Queues the accepted ones among `reports`, piece by piece as there is room. @throws {DeliveryError} if there is none for too long */
  async queueAll(reports: readonly unknown[]): Promise<void> {
    for (let from = 0; from < reports.length; from += PIECE) {
      if (from > 0) await new Promise(setImmediate);
      const encoding = await this.#publisher.ready(this.#deadline);
      const delivery = this.#publisher.queue.add(this.#encode(reports, from, encoding), this.#deadline);
      // Its failure is told by result(), which is not yet waiting.
      delivery.catch(() => undefined);
      this.#deliveries.push(delivery);
    }
  }

  /** Resolves when all that was queued is acknowledged. @throws {DeliveryError} */
  async result(): Promise<SendResult> {
    await Promise.all(this.#deliveries);
    return { accepted: this.#accepted, refused: this.#refused };
  }

  #encode(reports: readonly unknown[], from: number, encoding: ReportEncoderOptions): OutRecord[] {
    const records: OutRecord[] = [];
    for (let index = from; index < Math.min(from + PIECE, reports.length); index += 1) {
      const encoded = encodeReport(reports[index], encoding);
      if (encoded.ok) {
        records.push(encoded.record);
        this.#accepted.push({ index, ...encoded.accepted });
      } else this.#refused.push({ index, violations: encoded.violations });
    }
    return records;
  }
}
