-- @P1 delivery, @P2 until when it is claimed, @P3 status of the answer or 0, @P4 why it failed, @P5 milliseconds, @P6 now, @P7 the next
-- attempt or nothing.
SET NOCOUNT ON;
SET XACT_ABORT ON;
-- A pooled connection may come back from a batch that did not reach its end.
IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
DECLARE @webhook_key BIGINT, @kind NVARCHAR(12), @subject UNIQUEIDENTIFIER, @next DATETIME2(6) = NULLIF(@P7, N''),
    @failures BIGINT = 0;
BEGIN TRANSACTION;
UPDATE webhook_delivery
SET status = CASE WHEN @next IS NULL THEN N'failed' ELSE N'pending' END, attempts = webhook_delivery.attempts + 1,
    status_code = NULLIF(@P3, 0), error = @P4, duration_ms = @P5, claimed_until = NULL,
    next_attempt_at = COALESCE(@next, webhook_delivery.next_attempt_at),
    finished_at = CASE WHEN @next IS NULL THEN CAST(@P6 AS DATETIME2(6)) END
WHERE id = @P1 AND claimed_until = CAST(@P2 AS DATETIME2(6)) AND finished_at IS NULL;
IF @@ROWCOUNT = 1
BEGIN
    SELECT @webhook_key = webhook_key, @kind = kind, @subject = subject FROM webhook_delivery WHERE id = @P1;
    -- Nobody looks at what waits behind it before it is tried again.
    UPDATE webhook_delivery SET next_attempt_at = @next
    WHERE webhook_key = @webhook_key AND kind = @kind AND subject = @subject AND finished_at IS NULL
        AND next_attempt_at < @next;
    UPDATE webhook SET failures = webhook.failures + 1 WHERE webhook_key = @webhook_key;
    SELECT @failures = failures FROM webhook WHERE webhook_key = @webhook_key;
END;
COMMIT TRANSACTION;
SELECT @failures AS failures
