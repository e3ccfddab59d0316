-- What lies on a user's shelf, saved last first: key, name, symbol, resolution, second of its last save.
SELECT
    item,
    argMax(name, version),
    argMax(symbol, version),
    argMax(resolution, version),
    toUInt32(intDiv(bitShiftRight(max(version), 12), 1000000))
FROM vamm_charts
WHERE client = {client:String} AND user = {user:String} AND shelf = {shelf:String}
GROUP BY item
HAVING argMax(deleted, version) = 0
ORDER BY max(version) DESC
LIMIT {limit:UInt32}
