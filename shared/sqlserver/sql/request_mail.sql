-- @P7 mail id, @P8 kind, @P9 e-mail address, @P10 when the mail is too old, @P11 customer or nil, @P12 name and @P13 password hash of a
-- registration or nothing, @P14 where the terms are in @P15, as JSON.
DECLARE @customer_key BIGINT;
-- An erasure waits for this mail, or comes first.
UPDATE customer SET version = customer.version WHERE id = @P11 AND status <> N'erased';
SELECT @customer_key = customer_key FROM customer WHERE id = @P11 AND status <> N'erased';
IF @customer_key IS NULL AND @P11 <> CAST(N'00000000-0000-0000-0000-000000000000' AS UNIQUEIDENTIFIER)
    SET @outcome = N'unknown_customer';
ELSE
BEGIN
    INSERT INTO mail (id, kind, email, customer_key, name, password_hash, term_places, terms, created_at, expires_at)
    VALUES (@P7, @P8, @P9, @customer_key, CASE WHEN DATALENGTH(@P12) > 0 THEN @P12 END,
        CASE WHEN DATALENGTH(@P13) > 0 THEN @P13 END, @P14, @P15, @at, @P10);
    INSERT INTO outbox (type, subject, version, correlation_id, data, created_at)
    OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
        inserted.data, inserted.created_at
    SELECT N'souk.MailRequested', id, 1, @P6, data, @at FROM mail_event WHERE id = @P7;
END;
