import { ProducerClosedError } from './delivery/errors.ts';
import { publisherOptions, type CouponOrderProducerOptions } from './producer-options.ts';
import { Publisher } from './publisher.ts';
import { Sending, type SendResult } from './sending.ts';

/**
 * Publishes `coupon_order` reports onto Kafka, from which kaquan derives its statistics.
 *
 * ```ts
 * const producer = new CouponOrderProducer({ brokers: ['127.0.0.1:9092'], partitions: 4 });
 * const { refused } = await producer.send({
 *   coupon: { order_id: 'K1', order_time: 1560409473714, order_status: 'payed', coupon_batch_id: '16000001', pay_amt: '9.00' },
 *   coupon_info: [{ coupon_id: 'c-1' }],
 *   page: 'pages/product?sku_id=1',
 *   time: 1560409473714,
 *   wx_user: { app_id: 'wx9d4f5f22a099f820', open_id: 'ogN6X0T-ilsH-XmIdzXtuR1f1r3Q' },
 *   chan: { chan_wxapp_scene: 1037 },
 * });
 * await producer.close();
 * ```
 *
 * It connects when the first report is sent, and again whenever the connection is lost. Reports keep the order in which they are
 * handed in, also those of calls that run at the same time. An event is known by its content: to send a report again is always safe.
 */
export class CouponOrderProducer {
  readonly #publisher: Publisher;
  readonly #sendings = new Set<Promise<unknown>>();
  #turn: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  /** Opens nothing yet. */
  constructor(options: CouponOrderProducerOptions) {
    this.#publisher = new Publisher(publisherOptions(options));
  }

  /**
   * Connects now instead of with the first report, and checks that the topic has the recorded number of partitions.
   * @param timeoutMs how long to try, milliseconds; default: the delivery time-out
   * @throws {DeliveryError} if Kafka or the registry is away for that long, or the topic is not the recorded one
   */
  async connect(timeoutMs?: number): Promise<void> {
    this.#refuseIfClosed();
    await this.#publisher.open(timeoutMs);
  }

  /**
   * Validates, encodes and publishes reports; resolves when all in-sync replicas have acknowledged each accepted one. Calls that run at
   * the same time share batches: to be fast, don't wait for one report before the next is sent, or send lists.
   *
   * @param reports one report, or a list of them, not to be changed until the promise settles. A report is the HTTP body
   *   `{type: 'coupon_order', props}` of the specification or its `props` alone. In it `pay_amt` is in yuan (a decimal text or a number, at
   *   most two decimals), `time` and `order_time` are in milliseconds since 1970 (13 digits, text or number), and `order_status` is one of
   *   `give_order, pay, cancel_pay, payed, cancel_give_order, refund`, or a status that `mapStatus` maps to one.
   * @returns what was accepted and what was refused, by index; a refused report does not hinder the others
   * @throws {DeliveryError} (rejects) if some of the reports were not acknowledged in time, or can't be: send all of them again
   * @throws {ProducerClosedError} (rejects) after `close()`
   */
  async send(reports: object | readonly unknown[]): Promise<SendResult> {
    this.#refuseIfClosed();
    const sending = this.#send(Array.isArray(reports) ? reports : [reports]);
    this.#sendings.add(sending);
    try {
      return await sending;
    } finally {
      this.#sendings.delete(sending);
    }
  }

  /**
   * Takes no more reports, waits until each report that was handed in is acknowledged or has failed (which its `send` tells), and
   * disconnects. To call it twice is harmless.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const lastBatches = this.#publisher.queue.close();
    await Promise.allSettled(this.#sendings);
    await lastBatches;
    await this.#publisher.close();
  }

  #refuseIfClosed(): void {
    if (this.#closing !== undefined) throw new ProducerClosedError();
  }

  async #send(reports: readonly unknown[]): Promise<SendResult> {
    const sending = new Sending(this.#publisher);
    // In turns: nothing of the next call is queued before all of this one.
    const queued = this.#turn.then(() => sending.queueAll(reports));
    this.#turn = queued.catch(() => undefined);
    await queued;
    return sending.result();
  }
}
