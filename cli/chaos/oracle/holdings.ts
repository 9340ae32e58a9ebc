import { FIRST_EVENTS } from './first-events.ts';

/** The holdings: every coupon of every first payment, unless something took it away; of several the first one. */
export const HOLDINGS_ORACLE = `
  WITH ${FIRST_EVENTS},
  brought AS
  (
      SELECT
          app_id, open_id, arrayJoin(coupon_ids) AS coupon_id, coupon_batch_id, time AS received_at, order_id
      FROM first_events
      WHERE order_status = 'payed'
          AND (app_id, order_id) NOT IN
          (
              SELECT app_id, order_id FROM kaquan.coupon_order_events
              WHERE order_status IN ('refund', 'cancel_give_order')
          )
  ),
  sorted AS
  (
      SELECT *, row_number() OVER (
          PARTITION BY app_id, open_id, coupon_id ORDER BY received_at, coupon_batch_id, order_id) AS place
      FROM brought
  )
  SELECT app_id, open_id, coupon_id, coupon_batch_id, received_at, order_id
  FROM sorted
  WHERE place = 1 AND coupon_id NOT IN (SELECT coupon_id FROM kaquan_store.redemptions FINAL WHERE redeemed = 1)`;
