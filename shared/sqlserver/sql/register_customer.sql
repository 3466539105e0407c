-- @P7 id, @P8 e-mail address, @P9 name, @P10 role, @P11 password hash, @P12 where the terms are in @P13, as JSON.
DECLARE @customer_key BIGINT;
INSERT INTO customer (id, email, name, role, password_hash, created_at, updated_at) VALUES (@P7, @P8, @P9, @P10, @P11, @at, @at);
SET @customer_key = SCOPE_IDENTITY();
INSERT INTO customer_term (term, customer_key, of_email)
SELECT CAST(SUBSTRING(@P13, wish.start, wish.length) AS VARBINARY(160)), @customer_key, wish.of_email
FROM OPENJSON(@P12) WITH (start INT, length INT, of_email BIT) AS wish;
SELECT @result = document FROM customer_document WHERE customer_key = @customer_key;
