-- @P7 customer, @P8 password hash, @P9 the session that goes on, @P10 when it began, @P11 id of the mail that tells, @P12 when that
-- is too old.
DECLARE @kept_from DATETIME2(6) = @P10;
-- Of two ends of sessions the later counts, and its session goes on unless the other ended it.
UPDATE customer
SET password_hash = @P8, sessions_over = CASE WHEN customer.sessions_over > @at THEN customer.sessions_over ELSE @at END,
    session_kept = CASE
        WHEN customer.sessions_over <= @at THEN
            CASE WHEN @kept_from >= customer.sessions_over OR customer.session_kept = @P9 THEN @P9 END
        WHEN customer.session_kept_from >= @at OR customer.session_kept = @P9 THEN customer.session_kept END,
    session_kept_from = CASE WHEN customer.sessions_over <= @at THEN @kept_from ELSE customer.session_kept_from END
WHERE id = @P7 AND status <> N'erased';
IF @@ROWCOUNT = 0
    SET @outcome = N'unknown_customer';
ELSE
BEGIN
    -- Whoever knew the old password may have asked for them.
    UPDATE mail SET used_at = @at
    WHERE used_at IS NULL AND kind IN (N'password_reset', N'invitation', N'email_change')
        AND (email = (SELECT email FROM customer WHERE id = @P7) OR customer_key = (SELECT customer_key FROM customer WHERE id = @P7));
    INSERT INTO audit_entry (at, action, actor_id, subject_id, request_id) VALUES (@at, N'password_changed', @P7, @P7, @P3);
    INSERT INTO mail (id, kind, email, customer_key, created_at, expires_at)
    SELECT @P11, N'password_changed', email, customer_key, @at, CAST(@P12 AS DATETIME2(6)) FROM customer WHERE id = @P7;
    INSERT INTO outbox (type, subject, version, correlation_id, data, created_at)
    OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
        inserted.data, inserted.created_at
    SELECT N'souk.MailRequested', id, 1, @P6, data, @at FROM mail_event WHERE id = @P11;
END;
