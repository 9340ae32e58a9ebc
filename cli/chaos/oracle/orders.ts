import { FIRST_EVENTS, ORDER_TIMES } from './first-events.ts';

const HOW_FAR = `['give_order', 'pay', 'cancel_pay', 'cancel_give_order', 'payed', 'refund']`;

/** The orders: for each, its first events sorted by who may tell about it, and the times of all. */
export const ORDERS_ORACLE = `
  WITH ${FIRST_EVENTS}, ${ORDER_TIMES},
  tellers AS
  (
      SELECT *, row_number() OVER (
          PARTITION BY app_id, order_id
          ORDER BY order_status = 'payed' DESC, time DESC, indexOf(${HOW_FAR}, order_status) DESC) AS place
      FROM first_events
  ),
  reached AS
  (
      SELECT app_id, order_id, arrayElement(${HOW_FAR}, max(indexOf(${HOW_FAR}, order_status))) AS status
      FROM first_events GROUP BY app_id, order_id
  )
  SELECT
      app_id, order_id, order_time, status,
      give_order_at AS placed_at, pay_at AS pay_started_at, cancel_pay_at AS pay_closed_at, payed_at AS paid_at,
      cancel_give_order_at AS cancelled_at, refund_at AS refunded_at,
      pay_amt, open_id, coupon_batch_id, coupon_ids, chan_wxapp_scene, chan_id, chan_shop_id
  FROM (SELECT * FROM tellers WHERE place = 1) AS teller
  INNER JOIN order_times USING (app_id, order_id)
  INNER JOIN reached USING (app_id, order_id)`;
