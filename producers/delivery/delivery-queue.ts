import type { OutRecord } from '../../runtime/kafka/producer.ts';
import { systemClock, type Clock } from './clock.ts';
import { Delivery } from './delivery.ts';
import { DeliveryError } from './errors.ts';
import { DEFAULT_LIMITS, type DeliveryLimits } from './limits.ts';
import { PendingRecords, type Pending } from './pending-records.ts';
import { asError, isFinal, pauseAfter } from './retry.ts';
import { Room } from './room.ts';

export interface DeliveryQueueOptions {
  /** Resolves when all records are acknowledged. */
  readonly send: (records: readonly OutRecord[]) => Promise<void>;
  /** Called when an attempt failed and another follows. */
  readonly onRetry?: (error: Error, attempt: number) => void;
  readonly limits?: DeliveryLimits;
  readonly clock?: Clock;
  /** From 0 to 1, to spread pauses. */
  readonly jitter?: () => number;
}

const EXPIRY_CHECK_MS = 200;

/**
 * Collects records into batches and sends one batch at a time, so that records keep their order: first come, first served, also when an
 * attempt has to be repeated. A batch waits a little for company, and a failed attempt is repeated until the deadline of its records.
 */
export class DeliveryQueue {
  readonly #options: Required<Omit<DeliveryQueueOptions, 'onRetry'>> & Pick<DeliveryQueueOptions, 'onRetry'>;
  readonly #pending: PendingRecords;
  readonly #deliveries = new Set<Delivery>();
  #bytesInFlight = 0;
  readonly #room: Room;
  #lingering: AbortController | undefined;
  #running = false;
  #closing = false;
  #lastError: Error | undefined;

  constructor(options: DeliveryQueueOptions) {
    const defaults = { limits: DEFAULT_LIMITS, clock: systemClock, jitter: Math.random };
    this.#options = { ...defaults, ...options };
    this.#pending = new PendingRecords(this.#options.limits);
    this.#room = new Room(() => this.#pending.bytes + this.#bytesInFlight < this.#options.limits.queueBytes);
  }

  /** The time until which a record that is handed in now is tried; of the queue's clock. */
  deadline(): number {
    return this.#options.clock.now() + this.#options.limits.timeoutMs;
  }

  /**
   * Resolves when more may be added: at once, unless the queue is full.
   * @throws {DeliveryError} if it is still full at `deadline`
   */
  room(deadline: number): Promise<void> {
    return this.#room.enter(deadline);
  }

  /**
   * Sends records, after all that were added before.
   * @returns a promise that resolves when all of them are acknowledged by all in-sync replicas
   * @throws {DeliveryError} (rejects) if that did not happen until `deadline`, or can't happen
   */
  add(records: readonly OutRecord[], deadline: number): Promise<void> {
    if (records.length === 0) return Promise.resolve();
    const delivery = new Delivery(records.length, deadline);
    this.#deliveries.add(delivery);
    this.#pending.add(delivery, records);
    if (this.#pending.full) this.#lingering?.abort();
    if (!this.#running) void this.#run();
    return delivery.done;
  }

  /** Sends all that is there without waiting for more; resolves when each record is acknowledged or has failed. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#lingering?.abort();
    await Promise.allSettled([...this.#deliveries].map(({ done }) => done));
  }

  async #run(): Promise<void> {
    this.#running = true;
    const stopWatching = new AbortController();
    const watching = this.#watch(stopWatching.signal);
    while (this.#pending.size > 0) {
      await this.#linger();
      await this.#deliver(this.#pending.take());
      this.#room.admit();
    }
    this.#running = false;
    stopWatching.abort();
    await watching;
  }

  async #linger(): Promise<void> {
    if (this.#pending.full || this.#closing) return;
    this.#lingering = new AbortController();
    await this.#options.clock.wait(this.#options.limits.lingerMs, this.#lingering.signal);
    this.#lingering = undefined;
  }

  async #deliver(batch: readonly Pending[]): Promise<void> {
    this.#bytesInFlight = batch.reduce((sum, { bytes }) => sum + bytes, 0);
    await this.#tryAll(batch);
    this.#bytesInFlight = 0;
  }

  // Again and again, until nobody waits for it any more.
  async #tryAll(batch: readonly Pending[]): Promise<void> {
    const records = batch.map(({ record }) => record);
    for (let attempt = 1; batch.some(({ delivery }) => !delivery.settled); attempt += 1) {
      const error = await this.#attempt(records);
      if (error !== undefined && !isFinal(error)) {
        await this.#pause(error, attempt);
        continue;
      }
      if (error === undefined) this.#settle(batch);
      else this.#fail(batch, new DeliveryError(error.message, { cause: error }));
      return;
    }
  }

  async #attempt(records: readonly OutRecord[]): Promise<Error | undefined> {
    try {
      await this.#options.send(records);
      this.#lastError = undefined;
      return undefined;
    } catch (thrown) {
      this.#lastError = asError(thrown);
      return this.#lastError;
    }
  }

  async #pause(error: Error, attempt: number): Promise<void> {
    this.#options.onRetry?.(error, attempt);
    await this.#options.clock.wait(pauseAfter(attempt, this.#options.jitter()));
  }

  #settle(batch: readonly Pending[]): void {
    for (const { delivery } of batch) {
      delivery.acknowledgeOne();
      if (delivery.settled) this.#deliveries.delete(delivery);
    }
  }

  #fail(batch: readonly Pending[], error: Error): void {
    for (const { delivery } of batch) this.#failOne(delivery, error);
    this.#pending.dropSettled();
  }

  #failOne(delivery: Delivery, error: Error): void {
    delivery.fail(error);
    this.#deliveries.delete(delivery);
  }

  // Attempts may hang for as long as Kafka is away; whoever waits for them is told in time all the same.
  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.wait(EXPIRY_CHECK_MS, signal);
      this.#expire(this.#options.clock.now());
    }
  }

  #expire(now: number): void {
    const overdue = [...this.#deliveries].filter(({ deadline }) => deadline <= now);
    for (const delivery of overdue) this.#failOne(delivery, this.#timeout());
    if (overdue.length > 0) this.#pending.dropSettled();
    this.#room.admit();
    this.#room.expire(now, () => this.#timeout());
  }

  #timeout(): DeliveryError {
    const seconds = this.#options.limits.timeoutMs / 1000;
    const reason = this.#lastError === undefined ? '' : `: ${this.#lastError.message}`;
    return new DeliveryError(`Kafka did not acknowledge within ${seconds} s${reason}`, {
      cause: this.#lastError,
    });
  }
}
