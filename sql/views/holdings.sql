-- One row per coupon that a buyer owns now: it came with a paid order that was neither refunded nor cancelled, and it is not
-- redeemed. One that came to him with several orders stands once, with the first of them.
CREATE OR REPLACE VIEW kaquan.holdings AS
SELECT
    app_id,
    open_id,
    coupon_id,
    tupleElement(least_brought, 2) AS coupon_batch_id,
    tupleElement(least_brought, 1) AS received_at,
    tupleElement(least_brought, 3) AS order_id
FROM
(
    SELECT app_id, open_id, coupon_id, min(brought) AS least_brought
    FROM
    (
        SELECT
            app_id,
            tupleElement(least_payed, 'open_id') AS open_id,
            arrayJoin(tupleElement(least_payed, 'coupon_ids')) AS coupon_id,
            (tupleElement(least_payed, 'time'), tupleElement(least_payed, 'coupon_batch_id'), order_id) AS brought
        FROM
        (
            SELECT
                app_id,
                order_id,
                min(payed) AS least_payed,
                min(tupleElement(refund, 'time')) AS refunded_at,
                min(tupleElement(cancel_give_order, 'time')) AS cancelled_at,
                toDateTime64('2299-12-31 23:59:59.999', 3, 'UTC') AS absent
            FROM kaquan_store.states
            GROUP BY app_id, order_id
        )
        WHERE tupleElement(least_payed, 'time') != absent AND refunded_at = absent AND cancelled_at = absent
    )
    WHERE coupon_id NOT IN (SELECT coupon_id FROM kaquan_store.redemptions GROUP BY coupon_id HAVING argMax(redeemed, at) = 1)
    GROUP BY app_id, open_id, coupon_id
);
