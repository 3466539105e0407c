-- @P7 customer, @P8 active or disabled, @P9 what the audit log calls it, @P10 who does it.
DECLARE @customer_key BIGINT = (SELECT customer_key FROM customer WHERE id = @P7);
UPDATE customer
SET status = @P8, version = customer.version + 1, updated_at = @at,
    sessions_over = CASE WHEN @P8 = N'active' OR customer.sessions_over > @at THEN customer.sessions_over ELSE @at END,
    session_kept = CASE WHEN @P8 = N'active' OR (customer.sessions_over > @at AND customer.session_kept_from >= @at)
        THEN customer.session_kept END
WHERE customer_key = @customer_key AND status <> @P8 AND status <> N'erased';
IF @@ROWCOUNT = 1
    INSERT INTO audit_entry (at, action, actor_id, subject_id, request_id) VALUES (@at, @P9, @P10, @P7, @P3);
ELSE IF @customer_key IS NULL
    SET @outcome = N'unknown_customer';
ELSE IF (SELECT status FROM customer WHERE customer_key = @customer_key) = N'erased'
    SET @outcome = N'customer_erased';
IF @outcome = N'done' SELECT @result = document FROM customer_document WHERE customer_key = @customer_key;
