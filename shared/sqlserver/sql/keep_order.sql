-- @P7 order key, @P8 its id, @P9 the version that was read, @P10 the version from now on, @P11 document, @P12 status, @P13 paid,
-- @P14 refunded, @P15 when it was changed, @P16 when it expires or nothing, @P17 since when a provider owes an answer or nothing,
-- @P18 type of its event or nothing, @P19 the event's data.
UPDATE sales_order
SET version = @P10, document = @P11, status = @P12, paid_minor = @P13, refunded_minor = @P14, updated_at = @P15,
    expires_at = NULLIF(@P16, N''), unsettled_since = NULLIF(@P17, N'')
WHERE order_key = @P7 AND version = @P9;
IF @@ROWCOUNT = 0 SET @outcome = N'overtaken'
ELSE
BEGIN
    SET @result = @P11;
    INSERT INTO outbox (type, subject, version, correlation_id, data, created_at)
    OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
        inserted.data, inserted.created_at
    SELECT @P18, id, version, @P6, @P19, @at FROM sales_order WHERE order_key = @P7 AND @P18 <> N'';
END;
