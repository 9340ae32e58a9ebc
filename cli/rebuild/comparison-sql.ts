import { STATUSES } from '../../domain/order/state.ts';
import type { Rebuilt } from './shadows.ts';

const NEVER = "toDateTime64('2299-12-31 23:59:59.999', 3, 'UTC')";

const ENTRY = [
  "toString(tupleElement(entry, 'time'))",
  "UUIDNumToString(tupleElement(entry, 'event_id'))",
  "toString(tupleElement(entry, 'order_time'))",
  "tupleElement(entry, 'pay_amt_fen')",
  "tupleElement(entry, 'open_id')",
  "tupleElement(entry, 'coupon_batch_id')",
  "tupleElement(entry, 'chan_wxapp_scene')",
  "tupleElement(entry, 'chan_id')",
  "tupleElement(entry, 'chan_shop_id')",
  "tupleElement(entry, 'coupon_ids')",
].join(', ');

const ENTRY_JSON =
  'Tuple(revision UInt32, time String, event_id String, order_time String, pay_amt_fen Int64, open_id String, ' +
  'coupon_batch_id String, chan_wxapp_scene Int32, chan_id String, chan_shop_id String, coupon_ids Array(String))';

const MILESTONE = [
  'is_deleted',
  'toString(time)',
  'pay_amt_fen',
  'open_id',
  'toString(coupon_batch_id)',
  'chan_wxapp_scene',
  'toString(chan_id)',
  'toString(chan_shop_id)',
  'toString(payed_time)',
  'toString(cancel_give_order_time)',
  'toString(refund_time)',
].join(', ');

const MILESTONE_JSON =
  'Tuple(minute String, revision UInt32, is_deleted UInt8, time String, pay_amt_fen Int64, open_id String, ' +
  'coupon_batch_id String, chan_wxapp_scene Int32, chan_id String, chan_shop_id String, payed_time Nullable(String), ' +
  'cancel_give_order_time Nullable(String), refund_time Nullable(String))';

/** One row per order and status that it reached, with the order's revision. */
const states = (table: string, condition: string): string => {
  const leasts = STATUSES.map((status) => `min(${status}) AS least_${status}`).join(', ');
  const each = STATUSES.map((status) => `('${status}', least_${status})`).join(', ');
  return `SELECT app_id, order_id, one.1 AS status, CAST(tuple(last, ${ENTRY.replaceAll('entry', 'one.2')}), '${ENTRY_JSON}') AS content
    FROM (SELECT app_id, order_id, last, arrayJoin([${each}]) AS one FROM
      (SELECT app_id, order_id, max(revision) AS last, ${leasts} FROM kaquan_store.${table} WHERE ${condition} GROUP BY app_id, order_id))
    WHERE tupleElement(one.2, 'time') != ${NEVER}`;
};

/** One row per order, status and minute, tombstones too: the one of the highest revision. */
const milestones = (table: string, condition: string): string =>
  `SELECT toString(app_id) AS app_id, order_id, toString(status) AS status,
     CAST(tupleConcat(tuple(toString(minute), max(revision)), argMax(tuple(${MILESTONE}), revision)), '${MILESTONE_JSON}') AS content
   FROM kaquan_store.${table} WHERE ${condition} GROUP BY app_id, order_id, status, minute`;

/** One row per record, whatever came of it when it was stored. */
const events = (table: string, condition: string): string =>
  `SELECT DISTINCT toString(app_id) AS app_id, order_id, toString(order_status) AS status,
     CAST(tuple(generation, partition, offset, toString(time), hex(sipHash128(* EXCEPT (stored_at)))),
       'Tuple(generation UInt32, partition UInt32, offset UInt64, time String, hash String)') AS content
   FROM kaquan_store.${table} WHERE ${condition}`;

/** app_id, order_id, status and the row itself. */
const ROWS: Readonly<Record<Rebuilt, (table: string, condition: string) => string>> = {
  events,
  milestones,
  states,
};

/** The rows in which a live table and its shadow differ: `surplus` is positive for a live one. */
export const tableDifferences = (
  compared: Rebuilt,
  shadow: string,
  condition: string,
  limit: number,
): string =>
  `SELECT app_id, order_id, status, toJSONString(any(content)) AS row, sum(side) AS surplus FROM
   (
     SELECT *, toInt64(1) AS side FROM (${ROWS[compared](compared, condition)})
     UNION ALL
     SELECT *, toInt64(-1) AS side FROM (${ROWS[compared](shadow, condition)})
   )
   GROUP BY app_id, order_id, status, sipHash128(content) HAVING surplus != 0
   ORDER BY app_id, order_id, status, surplus DESC LIMIT ${limit}`;
