-- One row per order: the first time of each status, and all else from the payed milestone's event or, as long as there is
-- none, from the latest milestone's (the furthest status, if two happened at once). The sentinel time means absent.
CREATE OR REPLACE VIEW kaquan.orders AS
WITH
    toDateTime64('2299-12-31 23:59:59.999', 3, 'UTC') AS absent,
    event -> nullIf(tupleElement(event, 'time'), absent) AS happened,
    event -> ifNull(happened(event), toDateTime64(0, 3, 'UTC')) AS happened_or_epoch,
    greatest(
        happened_or_epoch(least_give_order),
        happened_or_epoch(least_pay),
        happened_or_epoch(least_cancel_pay),
        happened_or_epoch(least_cancel_give_order),
        happened_or_epoch(least_refund)
    ) AS latest,
    multiIf(
        isNotNull(paid_at), least_payed,
        refunded_at = latest, least_refund,
        cancelled_at = latest, least_cancel_give_order,
        pay_closed_at = latest, least_cancel_pay,
        pay_started_at = latest, least_pay,
        least_give_order
    ) AS told
SELECT
    app_id,
    order_id,
    tupleElement(told, 'order_time') AS order_time,
    multiIf(
        isNotNull(refunded_at), 'refund',
        isNotNull(paid_at), 'payed',
        isNotNull(cancelled_at), 'cancel_give_order',
        isNotNull(pay_closed_at), 'cancel_pay',
        isNotNull(pay_started_at), 'pay',
        'give_order'
    ) AS status,
    happened(least_give_order) AS placed_at,
    happened(least_pay) AS pay_started_at,
    happened(least_cancel_pay) AS pay_closed_at,
    happened(least_payed) AS paid_at,
    happened(least_cancel_give_order) AS cancelled_at,
    happened(least_refund) AS refunded_at,
    toDecimal128(tupleElement(told, 'pay_amt_fen'), 2) / 100 AS pay_amt,
    tupleElement(told, 'open_id') AS open_id,
    tupleElement(told, 'coupon_batch_id') AS coupon_batch_id,
    tupleElement(told, 'coupon_ids') AS coupon_ids,
    tupleElement(told, 'chan_wxapp_scene') AS chan_wxapp_scene,
    tupleElement(told, 'chan_id') AS chan_id,
    tupleElement(told, 'chan_shop_id') AS chan_shop_id
FROM
(
    SELECT
        app_id,
        order_id,
        min(give_order) AS least_give_order,
        min(pay) AS least_pay,
        min(cancel_pay) AS least_cancel_pay,
        min(payed) AS least_payed,
        min(cancel_give_order) AS least_cancel_give_order,
        min(refund) AS least_refund
    FROM kaquan_store.states
    GROUP BY app_id, order_id
);
