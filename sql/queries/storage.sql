-- What each table takes on this server's disks: rows, parts, and bytes as they are stored, compressed and not.
SELECT
    name,
    rows_stored,
    parts,
    on_disk,
    compressed,
    uncompressed
FROM (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree') AS tables
LEFT JOIN
(
    SELECT
        table,
        sum(rows) AS rows_stored,
        count() AS parts,
        sum(bytes_on_disk) AS on_disk,
        sum(data_compressed_bytes) AS compressed,
        sum(data_uncompressed_bytes) AS uncompressed
    FROM system.parts
    WHERE database = currentDatabase() AND active
    GROUP BY table
) AS stored ON stored.table = tables.name
ORDER BY on_disk DESC, name
