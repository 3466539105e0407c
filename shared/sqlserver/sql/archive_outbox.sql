-- @P1 how many at once, @P2 published before.
SET NOCOUNT ON;
SET XACT_ABORT ON;
-- A pooled connection may come back from a batch that did not reach its end.
IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
DECLARE @changed INT;
BEGIN TRANSACTION;
UPDATE outbox_archiving SET runs = runs + 1;
INSERT INTO outbox_archive (sequence, event_id, type, subject, version, correlation_id, data, created_at, published_at)
SELECT TOP (@P1) o.sequence, o.event_id, o.type, o.subject, o.version, o.correlation_id, o.data, o.created_at, o.published_at
FROM outbox AS o
WHERE o.published_at < CAST(@P2 AS DATETIME2(6)) AND NOT EXISTS (SELECT 1 FROM outbox_archive AS a WHERE a.sequence = o.sequence)
ORDER BY o.published_at, o.sequence;
-- One that was to be published again in between stays where relays look, besides being in the archive.
DELETE FROM outbox
WHERE published_at < CAST(@P2 AS DATETIME2(6)) AND EXISTS (SELECT 1 FROM outbox_archive AS a WHERE a.sequence = outbox.sequence);
SET @changed = @@ROWCOUNT;
COMMIT TRANSACTION;
SELECT @changed AS changed
