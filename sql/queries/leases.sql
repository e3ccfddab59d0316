-- Leases that are held now, by the chain that each is for (0: the one to push), and by whom.
SELECT chain_id, holder
FROM
(
    SELECT chain_id, holder, argMax(expires_at, claimed_at) AS until
    FROM vamm_leases
    GROUP BY chain_id, holder
)
WHERE until > now64(3)
ORDER BY chain_id
