const EVENTS = 'kaquan.coupon_order_events';

const missing = (kind: string, reached: string, lacking: string): string => `
  SELECT app_id, order_id, '${kind}' AS kind, concat('${reached} at ', toString(min(time)), ' UTC, no ${lacking}') AS detail
  FROM ${EVENTS}
  WHERE order_status = '${reached}'
    AND (app_id, order_id) NOT IN (SELECT app_id, order_id FROM ${EVENTS} WHERE order_status = '${lacking}')
  GROUP BY app_id, order_id`;

const differing = (kind: string, column: string, text: string, unit: string): string => `
  SELECT app_id, order_id, '${kind}' AS kind, concat(arrayStringConcat(groupArray(${text}), ', '), '${unit}') AS detail
  FROM (SELECT DISTINCT app_id, order_id, ${column} FROM ${EVENTS} ORDER BY app_id, order_id, ${column})
  GROUP BY app_id, order_id
  HAVING count() > 1`;

const FUTURE = `
  SELECT app_id, order_id, 'future_time' AS kind,
      concat(order_status, ' says ', toString(told), ' UTC, recorded ', toString(record_time), ' UTC') AS detail
  FROM
  (
      SELECT *, if(time > order_time, time, order_time) AS told, dateDiff('millisecond', record_time, told) AS ahead
      FROM ${EVENTS}
      WHERE time > addMinutes(record_time, 5) OR order_time > addMinutes(record_time, 5)
  )
  ORDER BY ahead DESC, order_status DESC, told DESC
  LIMIT 1 BY app_id, order_id`;

/** Each kind by a search of its own. */
export const ANOMALIES_ORACLE = [
  missing('refund_without_payment', 'refund', 'payed'),
  missing('payed_without_give_order', 'payed', 'give_order'),
  differing('amounts_differ', 'pay_amt', 'toDecimalString(pay_amt, 2)', ''),
  differing('order_time_differs', 'order_time', 'toString(order_time)', ' UTC'),
  FUTURE,
]
  .map((arm) => `SELECT * FROM (${arm})`)
  .join(' UNION ALL ');
