-- @P1 ids of events as JSON.
UPDATE outbox SET claimed_until = NULL
WHERE event_id IN (SELECT CAST(value AS UNIQUEIDENTIFIER) FROM OPENJSON(@P1))
