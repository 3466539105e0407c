-- @P1 what the events are about, @P2 its ids and versions as JSON, @P3 the oldest event to send, @P4 now. All events up to those versions,
-- but for those that are on their way, or were. Whatever is on its way brought along what came before it of its type, so only what is
-- newer is looked at; what this batch itself put there says nothing of the archive yet. The outbox comes first: what is archived in
-- between is found twice, never missed.
SET NOCOUNT ON;
SET XACT_ABORT ON;
-- A pooled connection may come back from a batch that did not reach its end.
IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
DECLARE @changed INT;
BEGIN TRANSACTION;
INSERT INTO webhook_delivery (webhook_key, kind, event_id, type, subject, version, correlation_id, data, created_at,
    next_attempt_at, enqueued_at)
SELECT w.webhook_key, w.kind, o.event_id, o.type, o.subject, o.version, o.correlation_id, o.data, o.created_at,
    CAST(@P4 AS DATETIME2(6)), CAST(@P4 AS DATETIME2(6))
FROM (
    SELECT s.webhook_key, s.kind, s.type, s.since, told.subject, told.version, COALESCE((
        SELECT TOP 1 d.version FROM webhook_delivery AS d
        WHERE d.webhook_key = s.webhook_key AND d.subject = told.subject AND d.type = s.type
            AND d.enqueued_at <> CAST(@P4 AS DATETIME2(6))
        ORDER BY d.version DESC), 0) AS known
    FROM OPENJSON(@P2) WITH (subject UNIQUEIDENTIFIER, version BIGINT) AS told
    JOIN webhook_subscription AS s ON s.kind = @P1
) AS w
JOIN outbox AS o ON o.subject = w.subject AND o.type = w.type AND o.version > w.known AND o.version <= w.version
WHERE o.created_at >= w.since AND o.created_at >= CAST(@P3 AS DATETIME2(6))
    AND NOT EXISTS (SELECT 1 FROM webhook_delivery AS d WHERE d.webhook_key = w.webhook_key AND d.event_id = o.event_id)
ORDER BY o.version;
SET @changed = @@ROWCOUNT;
INSERT INTO webhook_delivery (webhook_key, kind, event_id, type, subject, version, correlation_id, data, created_at,
    next_attempt_at, enqueued_at)
SELECT w.webhook_key, w.kind, o.event_id, o.type, o.subject, o.version, o.correlation_id, o.data, o.created_at,
    CAST(@P4 AS DATETIME2(6)), CAST(@P4 AS DATETIME2(6))
FROM (
    SELECT s.webhook_key, s.kind, s.type, s.since, told.subject, told.version, COALESCE((
        SELECT TOP 1 d.version FROM webhook_delivery AS d
        WHERE d.webhook_key = s.webhook_key AND d.subject = told.subject AND d.type = s.type
            AND d.enqueued_at <> CAST(@P4 AS DATETIME2(6))
        ORDER BY d.version DESC), 0) AS known
    FROM OPENJSON(@P2) WITH (subject UNIQUEIDENTIFIER, version BIGINT) AS told
    JOIN webhook_subscription AS s ON s.kind = @P1
) AS w
JOIN outbox_archive AS o ON o.subject = w.subject AND o.type = w.type AND o.version > w.known AND o.version <= w.version
WHERE o.created_at >= w.since AND o.created_at >= CAST(@P3 AS DATETIME2(6))
    AND NOT EXISTS (SELECT 1 FROM webhook_delivery AS d WHERE d.webhook_key = w.webhook_key AND d.event_id = o.event_id)
ORDER BY o.version;
SET @changed = @changed + @@ROWCOUNT;
COMMIT TRANSACTION;
SELECT @changed AS changed
