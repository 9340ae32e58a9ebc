import type { Reader, ReadOptions } from '../../runtime/clickhouse/client.ts';
import { stringLiteral } from '../../runtime/clickhouse/literals.ts';
import type { PaidOrder } from './paid-orders.ts';
import type { Person } from './person-orders.ts';

/** Who the event that decides an order's payment says the buyer is; `''` for what it does not say. */
export type Payer = Readonly<Record<Person['name'], string>>;

/** The event that decides an order's payment. */
export type PaymentKey = Pick<PaidOrder, 'appId' | 'paidAt' | 'eventId'>;

interface Row extends Payer {
  readonly id: string;
}

/** Reads who paid, by the primary key of events. @returns by `eventId`; an event that is forgotten by now has none */
export async function readPayers(
  clickhouse: Reader,
  payments: readonly PaymentKey[],
  request: ReadOptions,
): Promise<ReadonlyMap<string, Payer>> {
  if (payments.length === 0) return new Map();
  const rows = await clickhouse.query<Row>(payersSql(payments), request);
  return new Map(rows.map(({ id, ...payer }) => [id, payer]));
}

export function payersSql(payments: readonly PaymentKey[]): string {
  const keys = payments.map(
    ({ appId, paidAt, eventId }) =>
      `(${stringLiteral(appId)},fromUnixTimestamp64Milli(${paidAt},'UTC'),unhex(${stringLiteral(eventId)}))`,
  );
  return `
    SELECT hex(event_id) AS id, user_id, union_id FROM kaquan_store.events
    WHERE (app_id, time, event_id) IN (${keys.join(',')})`;
}
