-- @P7 customer, @P8 hash of the code.
DELETE FROM recovery_code WHERE code_hash = @P8 AND customer_key = (SELECT customer_key FROM customer WHERE id = @P7);
SET @result = CASE @@ROWCOUNT WHEN 1 THEN N'true' ELSE N'false' END;
