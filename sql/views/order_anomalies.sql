-- Orders that cannot be right, over all events: one row per (order, kind). `detail` says what was seen, and nothing of the buyer.
CREATE OR REPLACE VIEW kaquan.order_anomalies AS
SELECT
    app_id,
    order_id,
    tupleElement(anomaly, 1) AS kind,
    tupleElement(anomaly, 2) AS detail
FROM
(
    WITH
        greatest(time, order_time) AS told_time,
        told_time > record_time + toIntervalMinute(5) AS is_future,
        maxIf((told_time - record_time, order_status, told_time, record_time), is_future) AS farthest,
        [
            (
                countIf(order_status = 'refund') > 0 AND countIf(order_status = 'payed') = 0,
                'refund_without_payment',
                concat('refund at ', toString(minIf(time, order_status = 'refund')), ' UTC, no payed')
            ),
            (
                countIf(order_status = 'payed') > 0 AND countIf(order_status = 'give_order') = 0,
                'payed_without_give_order',
                concat('payed at ', toString(minIf(time, order_status = 'payed')), ' UTC, no give_order')
            ),
            (
                min(pay_amt) != max(pay_amt),
                'amounts_differ',
                arrayStringConcat(arrayMap(amount -> toDecimalString(amount, 2), arraySort(groupUniqArray(pay_amt))), ', ')
            ),
            (
                min(order_time) != max(order_time),
                'order_time_differs',
                concat(arrayStringConcat(arrayMap(moment -> toString(moment), arraySort(groupUniqArray(order_time))), ', '), ' UTC')
            ),
            (
                countIf(is_future) > 0,
                'future_time',
                concat(farthest.2, ' says ', toString(farthest.3), ' UTC, recorded ', toString(farthest.4), ' UTC')
            )
        ] AS findings
    SELECT
        app_id,
        order_id,
        arrayMap(finding -> (tupleElement(finding, 2), tupleElement(finding, 3)), arrayFilter(finding -> tupleElement(finding, 1), findings)) AS anomalies
    FROM kaquan.coupon_order_events
    GROUP BY app_id, order_id
)
ARRAY JOIN anomalies AS anomaly;
