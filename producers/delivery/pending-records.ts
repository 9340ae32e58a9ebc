import type { OutRecord } from '../../runtime/kafka/producer.ts';
import type { Delivery } from './delivery.ts';
import { recordBytes, type DeliveryLimits } from './limits.ts';

/** A record on its way, and the delivery that waits for it. */
export interface Pending {
  readonly record: OutRecord;
  readonly bytes: number;
  readonly delivery: Delivery;
}

/** The records that wait to be sent, first come, first served. */
export class PendingRecords {
  readonly #limits: DeliveryLimits;
  #records: Pending[] = [];
  #bytes = 0;

  constructor(limits: DeliveryLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#records.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a batch of them would be full. */
  get full(): boolean {
    return this.size >= this.#limits.batchRecords || this.#bytes >= this.#limits.partitionBytes;
  }

  add(delivery: Delivery, records: readonly OutRecord[]): void {
    for (const record of records) {
      const bytes = recordBytes(record);
      this.#records.push({ record, bytes, delivery });
      this.#bytes += bytes;
    }
  }

  /** Takes the next batch, in order: as many as fit, at least one, and a delivery's records together if they fit into one. */
  take(): Pending[] {
    const { batchRecords, partitionBytes } = this.#limits;
    const used = new Map<number, number>();
    let count = 0;
    for (const { record, bytes } of this.#records) {
      const sum = (used.get(record.partition) ?? 0) + bytes;
      if (count > 0 && (count >= batchRecords || sum > partitionBytes)) break;
      used.set(record.partition, sum);
      count += 1;
    }
    return this.#remove(this.#records.splice(0, this.#wholeDeliveries(count)));
  }

  // A delivery that fails while a part of it is on its way would be in the log in part.
  #wholeDeliveries(count: number): number {
    const next = this.#records[count]?.delivery;
    if (next === undefined || this.#records[count - 1]?.delivery !== next) return count;
    return this.#records.findIndex(({ delivery }) => delivery === next) || count;
  }

  /** Forgets the records of deliveries that are settled already. */
  dropSettled(): void {
    const [kept, dropped]: [Pending[], Pending[]] = [[], []];
    for (const pending of this.#records) (pending.delivery.settled ? dropped : kept).push(pending);
    this.#records = kept;
    this.#remove(dropped);
  }

  #remove(removed: Pending[]): Pending[] {
    for (const { bytes } of removed) this.#bytes -= bytes;
    return removed;
  }
}
