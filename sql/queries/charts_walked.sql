-- Of so many stored versions behind a place, in the order of keys: the last one's key, how many there are, and keys that were deleted before {before}.
SELECT
    max((client, user, shelf, item)),
    count(),
    arraySlice(groupUniqArrayIf((client, user, shelf, item), deleted = 1 AND version < {before:UInt64}), 1, {keys:UInt32})
FROM
(
    SELECT client, user, shelf, item, version, deleted
    FROM vamm_charts
    -- the same as comparing tuples, which would not make use of the key
    WHERE client >= {client:String} AND (client > {client:String}
        OR (user >= {user:String} AND (user > {user:String}
            OR (shelf >= {shelf:String} AND (shelf > {shelf:String} OR item > {item:String})))))
    ORDER BY client, user, shelf, item
    LIMIT {rows:UInt32}
)
SETTINGS max_block_size = 4096, max_threads = 1
