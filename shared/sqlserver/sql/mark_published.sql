-- @P1 ids of events as JSON, @P2 now.
UPDATE outbox SET published_at = CAST(@P2 AS DATETIME2(6))
WHERE event_id IN (SELECT CAST(value AS UNIQUEIDENTIFIER) FROM OPENJSON(@P1))
