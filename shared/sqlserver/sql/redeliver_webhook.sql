-- @P7 webhook, @P8 delivery.
DECLARE @delivery_key BIGINT = (SELECT d.delivery_key FROM webhook_delivery AS d JOIN webhook AS w ON w.webhook_key = d.webhook_key
    WHERE d.id = @P8 AND w.id = @P7);
IF @delivery_key IS NULL
    SET @outcome = N'unknown_delivery';
ELSE
BEGIN
    UPDATE webhook_delivery SET status = N'pending', attempts = 0, next_attempt_at = @at, finished_at = NULL
    WHERE delivery_key = @delivery_key;
    SELECT @result = document FROM webhook_delivery_document WHERE delivery_key = @delivery_key;
END;
