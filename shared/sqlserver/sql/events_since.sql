-- @P1 how many, @P2 behind which place, @P3 since when. The outbox comes first: what is archived in between is found twice, never
-- missed.
SELECT TOP (@P1) sequence, event_id, type, subject, version, correlation_id, data, created_at
FROM outbox WHERE sequence > @P2 AND created_at >= CAST(@P3 AS DATETIME2(6)) ORDER BY sequence;
SELECT TOP (@P1) sequence, event_id, type, subject, version, correlation_id, data, created_at
FROM outbox_archive WHERE sequence > @P2 AND created_at >= CAST(@P3 AS DATETIME2(6)) ORDER BY sequence
