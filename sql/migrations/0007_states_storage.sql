-- What a look-up of single orders costs is mostly decompressing them: LZ4 takes a quarter off the whole, and a quarter more
-- room. Parts that are there keep what they have until they are merged.
ALTER TABLE kaquan_store.states
    MODIFY COLUMN give_order CODEC(LZ4),
    MODIFY COLUMN pay CODEC(LZ4),
    MODIFY COLUMN cancel_pay CODEC(LZ4),
    MODIFY COLUMN payed CODEC(LZ4),
    MODIFY COLUMN cancel_give_order CODEC(LZ4),
    MODIFY COLUMN refund CODEC(LZ4);
