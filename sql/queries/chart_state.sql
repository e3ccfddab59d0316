-- How many things a user has, on all shelves; of one of them, its latest version (0: it never was) and whether it is there.
SELECT
    countIf(there),
    maxIf(latest, shelf = {shelf:String} AND item = {item:String}),
    maxIf(there, shelf = {shelf:String} AND item = {item:String})
FROM
(
    SELECT shelf, item, max(version) AS latest, argMax(deleted, version) = 0 AS there
    FROM vamm_charts
    WHERE client = {client:String} AND user = {user:String}
    GROUP BY shelf, item
)
