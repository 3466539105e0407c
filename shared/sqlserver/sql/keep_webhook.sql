-- @P7 webhook key, @P8 its id, @P9 the version that was read, @P10 the version from now on, @P11 document, @P12 1 while it is active,
-- @P13 what it hears of as JSON, @P14 1 when it was silent before, @P15 what the audit log calls it, @P16 who does it or nil.
UPDATE webhook
SET version = @P10, document = @P11, is_active = CAST(@P12 AS BIT), failures = CASE @P14 WHEN 1 THEN 0 ELSE webhook.failures END
WHERE webhook_key = @P7 AND version = @P9;
IF @@ROWCOUNT = 0 SET @outcome = N'overtaken'
ELSE
BEGIN
    SET @result = @P11;
    DELETE FROM webhook_subscription WHERE webhook_key = @P7;
    INSERT INTO webhook_subscription (type, webhook_key, kind, since)
    SELECT wish.type, @P7, wish.kind, CAST(wish.since AS DATETIME2(6))
    FROM OPENJSON(@P13) WITH (type NVARCHAR(100), kind NVARCHAR(12), since NVARCHAR(40)) AS wish;
    -- What is on its way goes on at once, with all its attempts.
    IF @P14 = 1
        UPDATE webhook_delivery SET attempts = 0, next_attempt_at = @at WHERE webhook_key = @P7 AND finished_at IS NULL;
    INSERT INTO audit_entry (at, action, actor_id, subject_id, request_id)
    SELECT @at, @P15, CASE WHEN @P16 <> CAST(N'00000000-0000-0000-0000-000000000000' AS UNIQUEIDENTIFIER) THEN @P16 END, @P8, @P3;
END;
