-- @P7 hash of the token, @P8 password hash, @P9 id of the mail that tells, @P10 when that is too old.
DECLARE @email NVARCHAR(254) = (SELECT email FROM mail WHERE token_hash = @P7), @customer_key BIGINT, @customer UNIQUEIDENTIFIER;
-- The person first: of two resets of an account at once the second finds its link used up.
UPDATE customer
SET password_hash = @P8,
    sessions_over = CASE WHEN customer.sessions_over > @at THEN customer.sessions_over ELSE @at END,
    session_kept = CASE WHEN customer.sessions_over > @at AND customer.session_kept_from >= @at THEN customer.session_kept END
WHERE email = @email AND status = N'active';
IF @@ROWCOUNT = 0
    SET @outcome = N'invalid_link';
ELSE
BEGIN
    UPDATE mail SET used_at = @at
    WHERE token_hash = @P7 AND kind IN (N'password_reset', N'invitation') AND expires_at > @at AND used_at IS NULL;
    IF @@ROWCOUNT = 0 SET @outcome = N'invalid_link';
END;
IF @outcome = N'done'
BEGIN
    SELECT @customer_key = customer_key, @customer = id FROM customer WHERE email = @email;
    -- Whoever knew the old password may have asked for them.
    UPDATE mail SET used_at = @at
    WHERE used_at IS NULL AND kind IN (N'password_reset', N'invitation', N'email_change')
        AND (email = @email OR customer_key = @customer_key);
    INSERT INTO audit_entry (at, action, actor_id, subject_id, request_id) VALUES (@at, N'password_reset', @customer, @customer, @P3);
    INSERT INTO mail (id, kind, email, customer_key, created_at, expires_at)
    VALUES (@P9, N'password_changed', @email, @customer_key, @at, @P10);
    INSERT INTO outbox (type, subject, version, correlation_id, data, created_at)
    OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
        inserted.data, inserted.created_at
    SELECT N'souk.MailRequested', id, 1, @P6, data, @at FROM mail_event WHERE id = @P9;
    SET @result = CONCAT(N'"', @customer, N'"');
END;
