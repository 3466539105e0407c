-- @P7 customer, @P8 the sealed secret, @P9 where the hashes of the recovery codes are in @P10, as JSON.
DECLARE @customer_key BIGINT = (SELECT customer_key FROM customer WHERE id = @P7);
UPDATE customer SET sealed_secret = @P8 WHERE customer_key = @customer_key AND second_factor = 0 AND status <> N'erased';
IF @@ROWCOUNT = 1
BEGIN
    DELETE FROM recovery_code WHERE customer_key = @customer_key;
    INSERT INTO recovery_code (customer_key, code_hash)
    SELECT @customer_key, CAST(SUBSTRING(@P10, wish.start, wish.length) AS VARBINARY(32))
    FROM OPENJSON(@P9) WITH (start INT, length INT) AS wish;
END
ELSE
    SET @outcome = CASE WHEN EXISTS (SELECT 1 FROM customer WHERE customer_key = @customer_key AND second_factor = 1)
        THEN N'second_factor_enabled' ELSE N'unknown_customer' END;
