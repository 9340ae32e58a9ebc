-- One row per event at any moment, also before merges: the one of its least place (generation, partition, offset), which is
-- one number here because argMin over tuples costs twenty times as much. The groups are a prefix of the sorting key, so that
-- they are read in order and filters on app and time reach the key; order_id and order_status follow from event_id, and let
-- their filters through too. A column that nobody asks for is not read.
CREATE OR REPLACE VIEW kaquan.coupon_order_events AS
SELECT
    UUIDNumToString(records.event_id) AS event_id,
    records.order_id AS order_id,
    argMin(records.order_time, place) AS order_time,
    CAST(records.order_status, 'String') AS order_status,
    argMin(records.coupon_batch_id, place) AS coupon_batch_id,
    toDecimal128(argMin(records.pay_amt_fen, place), 2) / 100 AS pay_amt,
    argMin(records.coupon_ids, place) AS coupon_ids,
    argMin(records.page, place) AS page,
    argMin(records.page_title, place) AS page_title,
    argMin(records.sr_sdk_version, place) AS sr_sdk_version,
    records.time AS time,
    records.app_id AS app_id,
    argMin(records.open_id, place) AS open_id,
    argMin(records.user_id, place) AS user_id,
    argMin(records.union_id, place) AS union_id,
    argMin(records.local_id, place) AS local_id,
    argMin(records.tag_ids, place) AS tag_ids,
    argMin(records.tag_names, place) AS tag_names,
    argMin(records.wx_user_extra, place) AS wx_user_extra,
    argMin(records.chan_wxapp_scene, place) AS chan_wxapp_scene,
    argMin(records.chan_id, place) AS chan_id,
    argMin(records.chan_refer_app_id, place) AS chan_refer_app_id,
    argMin(records.chan_shop_id, place) AS chan_shop_id,
    argMin(records.chan_shop_name, place) AS chan_shop_name,
    argMin(records.chan_custom_id, place) AS chan_custom_id,
    argMin(records.chan_custom_id_desc, place) AS chan_custom_id_desc,
    argMin(records.chan_custom_cat_3, place) AS chan_custom_cat_3,
    argMin(records.chan_custom_cat_3_desc, place) AS chan_custom_cat_3_desc,
    argMin(records.chan_custom_cat_2, place) AS chan_custom_cat_2,
    argMin(records.chan_custom_cat_2_desc, place) AS chan_custom_cat_2_desc,
    argMin(records.chan_custom_cat_1, place) AS chan_custom_cat_1,
    argMin(records.chan_custom_cat_1_desc, place) AS chan_custom_cat_1_desc,
    argMin(records.chan_extra, place) AS chan_extra,
    argMin(records.component_id, place) AS component_id,
    argMin(records.component_name, place) AS component_name,
    argMin(records.`from`, place) AS `from`,
    argMin(records.tracking_id, place) AS tracking_id,
    argMin(records.unknown, place) AS unknown,
    argMin(records.record_time, place) AS record_time
FROM
(
    SELECT
        *,
        bitOr(
            bitOr(bitShiftLeft(toUInt128(generation), 96), bitShiftLeft(toUInt128(partition), 64)),
            toUInt128(offset)
        ) AS place
    FROM kaquan_store.events
) AS records
GROUP BY
    records.app_id,
    records.time,
    records.event_id,
    records.order_id,
    records.order_status
SETTINGS optimize_aggregation_in_order = 1;
