-- @P7 customer.
-- A session that is over stays over, also when an earlier command comes later; so it is wherever sessions end.
UPDATE customer
SET sessions_over = CASE WHEN customer.sessions_over > @at THEN customer.sessions_over ELSE @at END,
    session_kept = CASE WHEN customer.sessions_over > @at AND customer.session_kept_from >= @at THEN customer.session_kept END
WHERE id = @P7 AND status <> N'erased';
IF @@ROWCOUNT = 0
    SET @outcome = N'unknown_customer';
ELSE
    INSERT INTO audit_entry (at, action, actor_id, subject_id, request_id) VALUES (@at, N'sessions_ended', @P7, @P7, @P3);
