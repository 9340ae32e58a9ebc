-- What a buyer's own events say of his orders lies under his name, so that a look-up reads one place for him and not one for
-- each of his orders. `disputed`: others have something to say of that order too, and what is true is its state. Consumers tell
-- it before they store the event that makes it so. A row from before there was a status is `disputed`. The consumers of orders
-- have to be stopped: older ones tell nothing of disputes.
ALTER TABLE kaquan_store.buyer_orders
    ADD COLUMN IF NOT EXISTS status Enum8('disputed' = 0, 'payed' = 4, 'cancel_give_order' = 5, 'refund' = 6),
    ADD COLUMN IF NOT EXISTS time DateTime64(3, 'UTC'),
    ADD COLUMN IF NOT EXISTS event_id FixedString(16),
    ADD COLUMN IF NOT EXISTS coupon_batch_id String,
    ADD COLUMN IF NOT EXISTS coupon_ids Array(String),
    MODIFY ORDER BY (app_id, open_id, order_id, status, time, event_id, coupon_batch_id, coupon_ids);

-- Of a refund and of a cancellation it is only whether they are there.
ALTER TABLE kaquan_store.buyer_orders_of_events MODIFY QUERY
SELECT
    app_id,
    open_id,
    order_id,
    CAST(toString(order_status) AS Enum8('disputed' = 0, 'payed' = 4, 'cancel_give_order' = 5, 'refund' = 6)) AS status,
    if(order_status = 'payed', e.time, toDateTime64(0, 3, 'UTC')) AS time,
    if(order_status = 'payed', e.event_id, toFixedString('', 16)) AS event_id,
    if(order_status = 'payed', e.coupon_batch_id, '') AS coupon_batch_id,
    if(order_status = 'payed', e.coupon_ids, emptyArrayString()) AS coupon_ids
FROM kaquan_store.events AS e
WHERE order_status IN ('payed', 'cancel_give_order', 'refund');
