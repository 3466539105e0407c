-- @P7 id, @P8 e-mail address, @P9 name, @P10 role, @P11 password hash, @P12 where the terms are in @P13, as JSON, @P14 mail id,
-- @P15 when the mail is too old, @P16 the admin or nil.
DECLARE @customer_key BIGINT, @nobody UNIQUEIDENTIFIER = CAST(N'00000000-0000-0000-0000-000000000000' AS UNIQUEIDENTIFIER);
INSERT INTO customer (id, email, name, role, password_hash, created_at, updated_at) VALUES (@P7, @P8, @P9, @P10, @P11, @at, @at);
SET @customer_key = SCOPE_IDENTITY();
INSERT INTO customer_term (term, customer_key, of_email)
SELECT CAST(SUBSTRING(@P13, wish.start, wish.length) AS VARBINARY(160)), @customer_key, wish.of_email
FROM OPENJSON(@P12) WITH (start INT, length INT, of_email BIT) AS wish;
INSERT INTO mail (id, kind, email, customer_key, created_at, expires_at)
VALUES (@P14, N'invitation', @P8, @customer_key, @at, @P15);
INSERT INTO audit_entry (at, action, actor_id, subject_id, request_id)
VALUES (@at, N'staff_invited', CASE WHEN @P16 <> @nobody THEN @P16 END, @P7, @P3);
INSERT INTO outbox (type, subject, version, correlation_id, data, created_at)
OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
    inserted.data, inserted.created_at
SELECT N'souk.MailRequested', id, 1, @P6, data, @at FROM mail_event WHERE id = @P14;
SELECT @result = document FROM customer_document WHERE customer_key = @customer_key;
