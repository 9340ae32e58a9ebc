/**
 * The event that first brought an order to each status, found by sorting all events: a WITH clause, `first_events`.
 * Only what the oracles need is carried.
 */
export const FIRST_EVENTS = `
  first_events AS
  (
      SELECT *
      FROM
      (
          SELECT
              app_id, order_id, order_status, time, order_time, pay_amt, open_id, coupon_batch_id, coupon_ids,
              chan_wxapp_scene, chan_id, chan_shop_id,
              row_number() OVER (PARTITION BY app_id, order_id, order_status ORDER BY time, event_id) AS turn
          FROM kaquan.coupon_order_events
      )
      WHERE turn = 1
  )`;

/** The first time of each status of an order, NULL where there is none: a WITH clause, `order_times`. */
export const ORDER_TIMES = `
  order_times AS
  (
      SELECT
          app_id,
          order_id,
          minOrNullIf(time, order_status = 'give_order') AS give_order_at,
          minOrNullIf(time, order_status = 'pay') AS pay_at,
          minOrNullIf(time, order_status = 'cancel_pay') AS cancel_pay_at,
          minOrNullIf(time, order_status = 'payed') AS payed_at,
          minOrNullIf(time, order_status = 'cancel_give_order') AS cancel_give_order_at,
          minOrNullIf(time, order_status = 'refund') AS refund_at
      FROM kaquan.coupon_order_events
      GROUP BY app_id, order_id
  )`;
