-- What became of the events of each day of the merchant at the report API. One event counts once, on the day of its time,
-- however often it was published, sent or refused; one that was accepted after it was refused counts as accepted only. What
-- was delivered was published, also while the group orders is behind: waiting is never below 0.
CREATE OR REPLACE VIEW kaquan.report_deliveries_day AS
SELECT
    day,
    app_id,
    count() AS published,
    countIf(is_accepted) AS accepted,
    countIf(is_refused AND NOT is_accepted) AS refused,
    countIf(NOT is_accepted AND NOT is_refused) AS waiting,
    minOrNullIf(time, NOT is_accepted AND NOT is_refused) AS oldest_waiting_at
FROM
(
    SELECT
        toDate(time, {time_zone}) AS day,
        app_id,
        time,
        event_id,
        max(outcome = 'accepted') AS is_accepted,
        max(outcome = 'refused') AS is_refused
    FROM
    (
        SELECT app_id, time, event_id, '' AS outcome FROM kaquan_store.events
        UNION ALL
        SELECT app_id, time, event_id, CAST(outcome, 'String') AS outcome FROM kaquan_store.report_deliveries
    )
    GROUP BY app_id, time, event_id
)
GROUP BY day, app_id;
