-- @P7 hash of the token, @P8 id of a customer who registers, @P9 id of the mail to the old address, @P10 when that is too old.
DECLARE @mail_key BIGINT, @kind NVARCHAR(24), @email NVARCHAR(254), @name NVARCHAR(200), @password_hash NVARCHAR(400),
    @term_places NVARCHAR(MAX), @terms VARBINARY(MAX), @customer_key BIGINT, @customer UNIQUEIDENTIFIER, @old_email NVARCHAR(254),
    @changed INT;
SELECT @mail_key = mail_key, @kind = kind, @email = email, @name = name, @password_hash = password_hash,
    @term_places = term_places, @terms = terms, @customer_key = customer_key
FROM mail WHERE token_hash = @P7;
-- The person first, then the mails, as in every command on both: none of them wait for each other crosswise.
UPDATE customer SET version = customer.version + 1, updated_at = @at WHERE customer_key = @customer_key AND status = N'active';
SET @changed = @@ROWCOUNT;
-- The condition decides between two who show the token at once.
UPDATE mail SET used_at = @at, name = NULL, password_hash = NULL, term_places = NULL, terms = NULL
WHERE mail_key = @mail_key AND token_hash = @P7 AND kind IN (N'registration', N'email_change') AND expires_at > @at
    AND used_at IS NULL;
IF @@ROWCOUNT = 0 OR (@kind = N'email_change' AND @changed = 0)
    SET @outcome = N'invalid_link';
ELSE IF @kind = N'registration'
BEGIN
    INSERT INTO customer (id, email, name, role, password_hash, created_at, updated_at)
    VALUES (@P8, @email, @name, N'customer', @password_hash, @at, @at);
    SET @customer_key = SCOPE_IDENTITY();
    INSERT INTO audit_entry (at, action, actor_id, subject_id, request_id) VALUES (@at, N'customer_registered', @P8, @P8, @P3);
END
ELSE
BEGIN
    SELECT @customer = id, @old_email = email FROM customer WHERE customer_key = @customer_key;
    UPDATE customer SET email = @email WHERE customer_key = @customer_key;
    DELETE FROM customer_term WHERE customer_key = @customer_key AND of_email = 1;
    INSERT INTO audit_entry (at, action, actor_id, subject_id, request_id) VALUES (@at, N'email_changed', @customer, @customer, @P3);
    INSERT INTO mail (id, kind, email, customer_key, created_at, expires_at)
    VALUES (@P9, N'email_changed', @old_email, @customer_key, @at, @P10);
    INSERT INTO outbox (type, subject, version, correlation_id, data, created_at)
    OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
        inserted.data, inserted.created_at
    SELECT N'souk.MailRequested', id, 1, @P6, data, @at FROM mail_event WHERE id = @P9;
END;
IF @outcome = N'done'
BEGIN
    INSERT INTO customer_term (term, customer_key, of_email)
    SELECT CAST(SUBSTRING(@terms, wish.start, wish.length) AS VARBINARY(160)), @customer_key, wish.of_email
    FROM OPENJSON(@term_places) WITH (start INT, length INT, of_email BIT) AS wish;
    SELECT @result = document FROM customer_document WHERE customer_key = @customer_key;
END;
