-- Those of some keys whose latest version, older than {before}, is a deletion.
SELECT client, user, shelf, item
FROM vamm_charts
WHERE (client, user, shelf, item) IN {keys:Array(Tuple(String, String, String, String))}
GROUP BY client, user, shelf, item
HAVING argMax(deleted, version) = 1 AND max(version) < {before:UInt64}
