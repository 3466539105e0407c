-- @P7 customer, @P8 version they must have or 0, @P9 name, @P10 addresses as JSON, @P11 where the terms of the name are in @P12, as JSON.
DECLARE @customer_key BIGINT = (SELECT customer_key FROM customer WHERE id = @P7);
UPDATE customer SET name = @P9, addresses = @P10, version = customer.version + 1, updated_at = @at
WHERE customer_key = @customer_key AND status <> N'erased' AND (@P8 = 0 OR customer.version = @P8);
IF @@ROWCOUNT = 1
BEGIN
    DELETE FROM customer_term WHERE customer_key = @customer_key AND of_email = 0;
    INSERT INTO customer_term (term, customer_key, of_email)
    SELECT CAST(SUBSTRING(@P12, wish.start, wish.length) AS VARBINARY(160)), @customer_key, wish.of_email
    FROM OPENJSON(@P11) WITH (start INT, length INT, of_email BIT) AS wish;
    SELECT @result = document FROM customer_document WHERE customer_key = @customer_key;
END
ELSE
BEGIN
    SET @outcome = N'unknown_customer';
    SELECT @outcome = N'stale', @result = CAST(version AS NVARCHAR(20))
    FROM customer WHERE customer_key = @customer_key AND status <> N'erased';
END;
