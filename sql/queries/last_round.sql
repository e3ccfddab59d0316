-- Now, in seconds by the store's clock; the number of the last round that told anything; and how far it came (empty: not known, or a day ago).
SELECT toUnixTimestamp(now()), max(number), argMaxIf(marks, number, recorded > now() - toIntervalDay(1))
FROM vamm_rounds
