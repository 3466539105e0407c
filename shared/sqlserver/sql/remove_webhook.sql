-- @P7 webhook, @P8 who does it.
DECLARE @webhook_key BIGINT = (SELECT webhook_key FROM webhook WHERE id = @P7);
IF @webhook_key IS NULL
    SET @outcome = N'unknown_webhook';
ELSE
BEGIN
    DELETE FROM webhook_subscription WHERE webhook_key = @webhook_key;
    DELETE FROM webhook_delivery WHERE webhook_key = @webhook_key;
    -- A foreign key refuses it when something was put on its way just now; the next run finds that.
    DELETE FROM webhook WHERE webhook_key = @webhook_key;
    INSERT INTO audit_entry (at, action, actor_id, subject_id, request_id) VALUES (@at, N'webhook_removed', @P8, @P7, @P3);
END;
SET @result = N'null';
