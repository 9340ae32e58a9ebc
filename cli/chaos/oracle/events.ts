import { VIEW_COLUMNS } from './columns.ts';

const RENAMED: Readonly<Record<string, string>> = {
  event_id: 'UUIDNumToString(event_id)',
  order_status: 'toString(order_status)',
  pay_amt: 'toDecimal128(pay_amt_fen, 2) / toDecimal128(100, 0)',
};

const columns = (VIEW_COLUMNS['coupon_order_events'] ?? []).map(
  (name) => `${RENAMED[name] ?? `records.\`${name}\``} AS \`${name}\``,
);

/** One record per event, by sorting each event's records by place. */
export const EVENTS_ORACLE = `
  SELECT ${columns.join(', ')}
  FROM
  (
      SELECT *, row_number() OVER (PARTITION BY event_id ORDER BY generation, partition, offset) AS turn
      FROM kaquan_store.events
  ) AS records
  WHERE turn = 1`;
