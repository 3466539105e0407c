-- @P1 delivery, @P2 status of the answer, @P3 milliseconds, @P4 now.
SET NOCOUNT ON;
UPDATE webhook_delivery
SET status = N'delivered', attempts = webhook_delivery.attempts + 1, status_code = @P2, error = NULL, duration_ms = @P3,
    claimed_until = NULL, finished_at = CAST(@P4 AS DATETIME2(6))
WHERE id = @P1 AND finished_at IS NULL;
UPDATE webhook SET failures = 0
WHERE failures > 0 AND webhook_key = (SELECT d.webhook_key FROM webhook_delivery AS d WHERE d.id = @P1)
