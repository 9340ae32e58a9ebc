import { ORDER_STATUSES, type OrderStatus } from '../../schemas/index.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { Made } from '../workload.ts';

/** What the tables must hold in the end, counted while the events were made. */
export class Expectation {
  records = 0;
  readonly #events = new Set<string>();
  readonly #orders = new Map<OrderStatus, Set<string>>(ORDER_STATUSES.map((status) => [status, new Set()]));
  #paidFen = 0;

  record({ event }: Made): void {
    this.records += 1;
    const { order_id, order_status, pay_amt } = event.coupon;
    const id = event.event_id.toString('latin1');
    if (this.#events.has(id)) return;
    this.#events.add(id);
    const orders = this.#orders.get(order_status);
    if (order_status === 'payed' && !orders?.has(order_id)) this.#paidFen += pay_amt;
    orders?.add(order_id);
  }

  /** @throws when the tables of `database` hold something else: a lane that is not exact has no speed */
  async check(clickhouse: ClickHouse, database: string): Promise<void> {
    const wanted = {
      records: this.records,
      events: this.#events.size,
      orders: new Set([...this.#orders.values()].flatMap((orders) => [...orders])).size,
      milestones: [...this.#orders.values()].reduce((sum, { size }) => sum + size, 0),
      paidFen: this.#paidFen,
    };
    const [found] = await clickhouse.query<Record<string, string>>(
      `SELECT (SELECT count() FROM ${database}.events) AS records, ` +
        `(SELECT uniqExact(event_id) FROM ${database}.events) AS events, ` +
        `(SELECT uniqExact(app_id, order_id) FROM ${database}.states) AS orders, ` +
        `(SELECT count() FROM ${database}.milestones FINAL) AS milestones, ` +
        `(SELECT sum(pay_amt_fen) FROM ${database}.milestones FINAL WHERE status = 'payed') AS "paidFen"`,
    );
    for (const [name, value] of Object.entries(wanted)) {
      if (Number(found?.[name]) === value) continue;
      throw new Error(`${database} has ${found?.[name] ?? 'no'} ${name} and should have ${value}`);
    }
  }
}
