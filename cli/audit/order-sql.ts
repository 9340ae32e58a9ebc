import { STATUSES } from '../../domain/order/state.ts';

/**
 * The order statistics once more, in SQL, from nothing but the stored events: what states and milestones must say.
 * Shares no expression with the fold.
 */

/** As the column of a state is declared. */
const ENTRY =
  "Tuple(time DateTime64(3, 'UTC'), event_id FixedString(16), order_time DateTime64(3, 'UTC'), pay_amt_fen Int64, " +
  'open_id String, coupon_batch_id String, chan_wxapp_scene Int32, chan_id String, chan_shop_id String, coupon_ids Array(String))';

/** The time of a status that an order did not reach. */
const NEVER = "toDateTime64('2299-12-31 23:59:59.999', 3, 'UTC')";

const ABSENT = `CAST(tuple(${NEVER}, toFixedString('', 16), toDateTime64(0, 3, 'UTC'), 0, '', '', 0, '', '', []), '${ENTRY.replaceAll("'", "\\'")}')`;

const ENTRY_OF_EVENT =
  'CAST(tuple(time, event_id, order_time, pay_amt_fen, open_id, toString(coupon_batch_id), chan_wxapp_scene, toString(chan_id), ' +
  `toString(chan_shop_id), coupon_ids), '${ENTRY.replaceAll("'", "\\'")}')`;

/** Tells orders apart, well enough to cut them into slices and to name some of them. */
export const ORDER_KEY = 'cityHash64(toString(app_id), order_id)';

const leasts = (of: (status: string) => string): string =>
  STATUSES.map((status) => `${of(status)} AS least_${status}`).join(', ');

/** By order, the least event of each status, from the events themselves. @param orders a condition on app_id and order_id */
export const recomputedOrders = (orders: string): string =>
  `SELECT app_id, order_id, ${leasts((status) => `min(if(order_status = '${status}', entry, ${ABSENT}))`)}
   FROM (SELECT toString(app_id) AS app_id, order_id, order_status, ${ENTRY_OF_EVENT} AS entry FROM kaquan_store.events WHERE ${orders})
   GROUP BY app_id, order_id`;

/** By order, the least event of each status, as it is stored. */
const storedOrders = (orders: string): string =>
  `SELECT app_id, order_id, ${leasts((status) => `min(${status})`)}
   FROM kaquan_store.states WHERE ${orders} GROUP BY app_id, order_id`;

/** One row per order and status that it reached. */
function statesOf(orders: string): string {
  const each = STATUSES.map((status) => `('${status}', least_${status})`).join(', ');
  return `SELECT app_id, order_id, one.1 AS status, one.2 AS entry
    FROM (SELECT app_id, order_id, arrayJoin([${each}]) AS one FROM (${orders}))
    WHERE tupleElement(entry, 'time') != ${NEVER}`;
}

// Which times of other statuses each status' row carries: payed, cancel_give_order, refund.
const CARRIED = {
  give_order: [true, true, false],
  pay: [true, false, false],
  cancel_pay: [false, false, false],
  payed: [false, true, true],
  cancel_give_order: [true, false, false],
  refund: [true, false, false],
} as const;

const MILESTONE =
  'app_id, order_id, status, minute, time, pay_amt_fen, open_id, coupon_batch_id, chan_wxapp_scene, chan_id, chan_shop_id, ' +
  'payed_time, cancel_give_order_time, refund_time';

function milestonesOf(orders: string): string {
  const time = (status: string, isCarried: boolean): string =>
    isCarried ? `tupleElement(least_${status}, 'time')` : NEVER;
  const each = STATUSES.map((status) => {
    const [payed, cancelled, refunded] = CARRIED[status];
    const times = [time('payed', payed), time('cancel_give_order', cancelled), time('refund', refunded)];
    return `('${status}', least_${status}, ${times.join(', ')})`;
  });
  const columns = [
    'time',
    'pay_amt_fen',
    'open_id',
    'coupon_batch_id',
    'chan_wxapp_scene',
    'chan_id',
    'chan_shop_id',
  ];
  return `SELECT app_id, order_id, one.1 AS status, toStartOfMinute(toDateTime(tupleElement(one.2, 'time'), 'UTC')) AS minute,
      ${columns.map((column) => `tupleElement(one.2, '${column}') AS ${column}`).join(', ')},
      nullIf(one.3, ${NEVER}) AS payed_time, nullIf(one.4, ${NEVER}) AS cancel_give_order_time, nullIf(one.5, ${NEVER}) AS refund_time
    FROM (SELECT app_id, order_id, arrayJoin([${each.join(', ')}]) AS one FROM (${orders}))
    WHERE tupleElement(one.2, 'time') != ${NEVER}`;
}

/** The milestone rows that statistics see. */
const storedMilestones = (orders: string): string =>
  `SELECT toString(app_id) AS app_id, order_id, toString(status) AS status, minute, time, pay_amt_fen, open_id,
      toString(coupon_batch_id) AS coupon_batch_id, chan_wxapp_scene, toString(chan_id) AS chan_id, toString(chan_shop_id) AS chan_shop_id,
      payed_time, cancel_give_order_time, refund_time
   FROM kaquan_store.milestones FINAL WHERE ${orders}`;

const STATE = 'app_id, order_id, status, entry';

const ENTRY_COLUMNS = [
  'time',
  "UUIDNumToString(tupleElement(entry, 'event_id')) AS event_id",
  'order_time',
  'pay_amt_fen',
  'open_id',
  'coupon_batch_id',
  'chan_wxapp_scene',
  'chan_id',
  'chan_shop_id',
  'coupon_ids',
].map((column) => (column.includes(' ') ? column : `tupleElement(entry, '${column}') AS ${column}`));

/** The rows in which states and their recomputation differ; `surplus` is positive for a stored one. */
export const stateDifferences = (orders: string, limit: number): string =>
  `SELECT app_id, order_id, status, ${ENTRY_COLUMNS.join(', ')}, surplus
   FROM (${surplus(STATE, statesOf(storedOrders(orders)), statesOf(recomputedOrders(orders)), limit)})`;

/** The rows in which the visible milestones and their recomputation differ. */
export const milestoneDifferences = (orders: string, limit: number): string =>
  surplus(MILESTONE, storedMilestones(orders), milestonesOf(recomputedOrders(orders)), limit);

const surplus = (columns: string, stored: string, recomputed: string, limit: number): string =>
  `SELECT ${columns}, sum(side) AS surplus FROM
   (
     SELECT ${columns}, toInt64(1) AS side FROM (${stored})
     UNION ALL
     SELECT ${columns}, toInt64(-1) AS side FROM (${recomputed})
   )
   GROUP BY ${columns} HAVING surplus != 0 ORDER BY app_id, order_id, status LIMIT ${limit}`;

/** Of orders, where the least event of each status lies. */
export const placesOf = (orders: string): string =>
  `SELECT app_id, order_id, order_status AS status, argMin((generation, partition, offset), entry) AS place
   FROM (SELECT toString(app_id) AS app_id, order_id, toString(order_status) AS order_status, generation, partition, offset,
         ${ENTRY_OF_EVENT} AS entry FROM kaquan_store.events WHERE ${orders})
   GROUP BY app_id, order_id, status`;
