-- The rates of each day, each with both parts so that anyone can sum before dividing. One pass and no joins: a milestone
-- row carries the times that its rates need. A cohort's numerator counts under its denominator's day, app and batch; the
-- refunds of a period under their own. A refund earlier than its payment counts as within any number of days.
-- An empty denominator gives NULL. A day is mature once its end in the merchant's time zone lies far enough behind.
CREATE OR REPLACE VIEW kaquan.rates_day AS
WITH
    (part, whole) -> if(whole = 0, NULL, toFloat64(part) / toFloat64(whole)) AS ratio,
    fen -> toDecimal128(fen, 2) / 100 AS yuan,
    hours -> toUInt8(toDateTime(day + 1, {time_zone}) + toIntervalHour(hours) <= now()) AS mature
SELECT
    day,
    app_id,
    coupon_batch_id,

    ratio(refund_rate_period_numerator, refund_rate_period_denominator) AS refund_rate_period,
    refunded AS refund_rate_period_numerator,
    paid AS refund_rate_period_denominator,

    ratio(refund_rate_7d_numerator, refund_rate_7d_denominator) AS refund_rate_7d,
    refunded_7d AS refund_rate_7d_numerator,
    paid AS refund_rate_7d_denominator,
    mature(7 * 24) AS refund_rate_7d_mature,

    ratio(refund_rate_30d_numerator, refund_rate_30d_denominator) AS refund_rate_30d,
    refunded_30d AS refund_rate_30d_numerator,
    paid AS refund_rate_30d_denominator,
    mature(30 * 24) AS refund_rate_30d_mature,

    ratio(refund_amount_rate_7d_numerator, refund_amount_rate_7d_denominator) AS refund_amount_rate_7d,
    yuan(refunded_fen_7d) AS refund_amount_rate_7d_numerator,
    yuan(paid_fen) AS refund_amount_rate_7d_denominator,
    mature(7 * 24) AS refund_amount_rate_7d_mature,

    ratio(refund_amount_rate_30d_numerator, refund_amount_rate_30d_denominator) AS refund_amount_rate_30d,
    yuan(refunded_fen_30d) AS refund_amount_rate_30d_numerator,
    yuan(paid_fen) AS refund_amount_rate_30d_denominator,
    mature(30 * 24) AS refund_amount_rate_30d_mature,

    ratio(cancel_rate_numerator, cancel_rate_denominator) AS cancel_rate,
    placed_cancelled_unpaid AS cancel_rate_numerator,
    placed AS cancel_rate_denominator,

    ratio(cancel_after_pay_rate_numerator, cancel_after_pay_rate_denominator) AS cancel_after_pay_rate,
    paid_cancelled AS cancel_after_pay_rate_numerator,
    paid AS cancel_after_pay_rate_denominator,

    ratio(pay_abandon_rate_numerator, pay_abandon_rate_denominator) AS pay_abandon_rate,
    abandoned AS pay_abandon_rate_numerator,
    started AS pay_abandon_rate_denominator,
    mature(24) AS pay_abandon_rate_mature
FROM
(
    WITH
        status = 'payed' AS is_paid,
        is_paid AND ifNull(refund_time <= time + toIntervalHour(7 * 24), 0) AS is_refunded_7d,
        is_paid AND ifNull(refund_time <= time + toIntervalHour(30 * 24), 0) AS is_refunded_30d,
        toInt128(pay_amt_fen) AS fen
    SELECT
        toDate(minute, {time_zone}) AS day,
        app_id,
        coupon_batch_id,
        countIf(status = 'give_order') AS placed,
        countIf(status = 'give_order' AND isNotNull(cancel_give_order_time) AND isNull(payed_time)) AS placed_cancelled_unpaid,
        countIf(status = 'pay') AS started,
        countIf(status = 'pay' AND NOT ifNull(payed_time <= time + toIntervalHour(24), 0)) AS abandoned,
        countIf(is_paid) AS paid,
        countIf(is_paid AND isNotNull(cancel_give_order_time)) AS paid_cancelled,
        countIf(is_refunded_7d) AS refunded_7d,
        countIf(is_refunded_30d) AS refunded_30d,
        sumIf(fen, is_paid) AS paid_fen,
        sumIf(fen, is_refunded_7d) AS refunded_fen_7d,
        sumIf(fen, is_refunded_30d) AS refunded_fen_30d,
        countIf(status = 'refund') AS refunded
    FROM kaquan_store.milestones FINAL
    WHERE status IN ('give_order', 'pay', 'payed', 'refund')
    GROUP BY day, app_id, coupon_batch_id
);
