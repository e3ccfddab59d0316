-- One saved thing: second of its last save, name, content. All are texts, so that they can be read as bytes.
SELECT toString(intDiv(bitShiftRight(version, 12), 1000000)), name, content
FROM
(
    SELECT version, deleted, name, content
    FROM vamm_charts
    WHERE client = {client:String} AND user = {user:String} AND shelf = {shelf:String} AND item = {item:String}
    ORDER BY version DESC
    LIMIT 1
)
WHERE deleted = 0
