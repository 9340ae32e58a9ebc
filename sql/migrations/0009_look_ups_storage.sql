-- What is looked up at the check-out is read whole, all columns of a few rows: of parts that have a file for each column that costs
-- nearly twice the CPU of parts that have one file for all. Parts that are there stay as they are until they are merged.
ALTER TABLE kaquan_store.buyer_orders MODIFY SETTING min_bytes_for_wide_part = 1000000000000000;

ALTER TABLE kaquan_store.person_orders MODIFY SETTING min_bytes_for_wide_part = 1000000000000000;

ALTER TABLE kaquan_store.identities MODIFY SETTING min_bytes_for_wide_part = 1000000000000000;

ALTER TABLE kaquan_store.redemptions MODIFY SETTING min_bytes_for_wide_part = 1000000000000000;

ALTER TABLE kaquan_store.catalogue_holders MODIFY SETTING min_bytes_for_wide_part = 1000000000000000;
