-- @P1 how many, @P2 committed before, @P3 claimed until, @P4 now. The outer condition is looked at again when another relay
-- held a row: no event goes to two.
UPDATE outbox SET claimed_until = CAST(@P3 AS DATETIME2(6))
OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
    inserted.data, inserted.created_at
WHERE published_at IS NULL AND created_at < CAST(@P2 AS DATETIME2(6))
    AND (claimed_until IS NULL OR claimed_until <= CAST(@P4 AS DATETIME2(6)))
    AND sequence IN (
        SELECT TOP (@P1) sequence FROM outbox
        WHERE published_at IS NULL AND created_at < CAST(@P2 AS DATETIME2(6))
            AND (claimed_until IS NULL OR claimed_until <= CAST(@P4 AS DATETIME2(6)))
        ORDER BY sequence)
