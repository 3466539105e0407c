-- @P7 customer, @P8 the address and @P9 the name of somebody forgotten, @P10 the first and @P11 the last claim that the customer can have.
DECLARE @customer_key BIGINT, @email NVARCHAR(254);
SELECT @customer_key = customer_key FROM customer WHERE id = @P7;
UPDATE customer
SET status = N'erased', name = @P9, addresses = N'[]', password_hash = N'', second_factor = 0, sealed_secret = NULL, last_step = 0,
    sessions_over = CASE WHEN customer.sessions_over > @at THEN customer.sessions_over ELSE @at END,
    session_kept = CASE WHEN customer.sessions_over > @at AND customer.session_kept_from >= @at THEN customer.session_kept END,
    version = customer.version + 1, updated_at = @at
WHERE customer_key = @customer_key AND status <> N'erased';
IF @@ROWCOUNT = 1
BEGIN
    SELECT @email = email FROM customer WHERE customer_key = @customer_key;
    UPDATE customer SET email = @P8 WHERE customer_key = @customer_key;
    DELETE FROM customer_term WHERE customer_key = @customer_key;
    DELETE FROM recovery_code WHERE customer_key = @customer_key;
    -- With another version, a change that was decided before does not bring the address back.
    UPDATE sales_order
    SET version = sales_order.version + 1, document = JSON_MODIFY(JSON_MODIFY(JSON_MODIFY(sales_order.document,
        N'strict $.shippingAddress', NULL), N'$.notes', JSON_QUERY(N'[]')), N'$.version', sales_order.version + 1)
    WHERE customer_key = @customer_key;
    DELETE FROM mail WHERE customer_key = @customer_key;
    DELETE FROM mail WHERE email = @email;
    -- The kept results of their commands hold names and addresses, and so do those of others' commands on their orders; this command's own
    -- does not.
    DELETE FROM idempotency
    WHERE claim <> @P1 AND ((claim >= @P10 AND claim <= @P11)
        OR CASE WHEN ISJSON(result) = 1 THEN JSON_VALUE(result, N'$.customerId') END = LOWER(CAST(@P7 AS NVARCHAR(36))));
    INSERT INTO audit_entry (at, action, actor_id, subject_id, request_id) VALUES (@at, N'customer_erased', @P7, @P7, @P3);
END
ELSE IF @customer_key IS NULL
    SET @outcome = N'unknown_customer';
