-- What happened on each day of the merchant. Each milestone counts in the bucket of its own time, under
-- the dimensions and the amount of its own event. FINAL keeps the highest revision and drops tombstones.
CREATE OR REPLACE VIEW kaquan.stats_day AS
SELECT
    toDate(minute, {time_zone}) AS bucket,
    app_id,
    coupon_batch_id,
    chan_wxapp_scene,
    chan_id,
    chan_shop_id,
    countIf(status = 'give_order') AS placed_orders,
    countIf(status = 'pay') AS pay_started_orders,
    countIf(status = 'cancel_pay') AS pay_closed_orders,
    countIf(status = 'cancel_give_order') AS cancelled_orders,
    countIf(status = 'payed') AS paid_orders,
    countIf(status = 'refund') AS refunded_orders,
    toDecimal128(sumIf(toInt128(pay_amt_fen), status = 'payed'), 2) / 100 AS paid_amount,
    toDecimal128(sumIf(toInt128(pay_amt_fen), status = 'refund'), 2) / 100 AS refunded_amount,
    uniqExactIf(open_id, status = 'payed') AS paying_buyers
FROM kaquan_store.milestones FINAL
GROUP BY bucket, app_id, coupon_batch_id, chan_wxapp_scene, chan_id, chan_shop_id;
