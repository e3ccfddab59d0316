-- Keys whose latest version, older than {before}, is a deletion.
SELECT client, user, shelf, item
FROM vamm_charts
GROUP BY client, user, shelf, item
HAVING argMax(deleted, version) = 1 AND max(version) < {before:UInt64}
LIMIT {limit:UInt32}
