-- @P1 how many, @P2 how many of one webhook, @P3 now, @P4 claimed until. The outer condition is looked at again when another sender held a
-- row: no delivery goes to two. What waits behind an older one is seen as waiting for a moment too long at most, never too short.
SET NOCOUNT ON;
UPDATE webhook_delivery SET claimed_until = CAST(@P4 AS DATETIME2(6))
OUTPUT inserted.delivery_key, inserted.webhook_key, inserted.id, inserted.attempts, inserted.event_id, inserted.type, inserted.subject,
    inserted.version, inserted.correlation_id, inserted.data, inserted.created_at
WHERE finished_at IS NULL AND next_attempt_at <= CAST(@P3 AS DATETIME2(6))
    AND (claimed_until IS NULL OR claimed_until <= CAST(@P3 AS DATETIME2(6)))
    AND delivery_key IN (
        SELECT TOP (@P1) due.delivery_key
        FROM (
            SELECT d.delivery_key, d.webhook_key, d.next_attempt_at,
                ROW_NUMBER() OVER (PARTITION BY d.webhook_key ORDER BY d.next_attempt_at, d.delivery_key) AS place
            FROM webhook_delivery AS d JOIN webhook AS w ON w.webhook_key = d.webhook_key
            WHERE w.is_active = 1 AND d.finished_at IS NULL AND d.next_attempt_at <= CAST(@P3 AS DATETIME2(6))
                AND (d.claimed_until IS NULL OR d.claimed_until <= CAST(@P3 AS DATETIME2(6)))
                AND NOT EXISTS (
                    SELECT 1 FROM webhook_delivery AS e
                    WHERE e.webhook_key = d.webhook_key AND e.kind = d.kind AND e.subject = d.subject
                        AND e.version < d.version AND e.finished_at IS NULL)) AS due
        WHERE due.place + (
            SELECT COUNT(*) FROM webhook_delivery AS f
            WHERE f.webhook_key = due.webhook_key AND f.claimed_until > CAST(@P3 AS DATETIME2(6))) <= @P2
        ORDER BY due.next_attempt_at, due.delivery_key);
SELECT w.webhook_key, w.document FROM webhook AS w
WHERE w.webhook_key IN (SELECT d.webhook_key FROM webhook_delivery AS d WHERE d.claimed_until = CAST(@P4 AS DATETIME2(6)))
