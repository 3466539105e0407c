-- @P7 customer, @P8 the step of the code, @P9 the session that goes on, @P10 when it began, @P11 id of the mail that tells, @P12 when
-- that is too old.
DECLARE @kept_from DATETIME2(6) = @P10;
DECLARE @customer_key BIGINT = (SELECT customer_key FROM customer WHERE id = @P7);
-- Of two ends of sessions the later counts, and its session goes on unless the other ended it.
UPDATE customer
SET second_factor = 1, last_step = @P8, version = customer.version + 1, updated_at = @at,
    sessions_over = CASE WHEN customer.sessions_over > @at THEN customer.sessions_over ELSE @at END,
    session_kept = CASE
        WHEN customer.sessions_over <= @at THEN
            CASE WHEN @kept_from >= customer.sessions_over OR customer.session_kept = @P9 THEN @P9 END
        WHEN customer.session_kept_from >= @at OR customer.session_kept = @P9 THEN customer.session_kept END,
    session_kept_from = CASE WHEN customer.sessions_over <= @at THEN @kept_from ELSE customer.session_kept_from END
WHERE customer_key = @customer_key AND second_factor = 0 AND sealed_secret IS NOT NULL;
IF @@ROWCOUNT = 1
BEGIN
    INSERT INTO audit_entry (at, action, actor_id, subject_id, request_id)
    VALUES (@at, N'second_factor_confirmed', @P7, @P7, @P3);
    INSERT INTO mail (id, kind, email, customer_key, created_at, expires_at)
    SELECT @P11, N'second_factor_changed', email, customer_key, @at, CAST(@P12 AS DATETIME2(6))
    FROM customer WHERE customer_key = @customer_key;
    INSERT INTO outbox (type, subject, version, correlation_id, data, created_at)
    OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
        inserted.data, inserted.created_at
    SELECT N'souk.MailRequested', id, 1, @P6, data, @at FROM mail_event WHERE id = @P11;
    SELECT @result = document FROM customer_document WHERE customer_key = @customer_key;
END
ELSE
BEGIN
    SET @outcome = N'unknown_customer';
    SELECT @outcome = CASE second_factor WHEN 1 THEN N'second_factor_enabled' ELSE N'second_factor_missing' END
    FROM customer WHERE customer_key = @customer_key AND status <> N'erased';
END;
