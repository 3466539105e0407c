-- @P1 claim or nothing, @P2 fingerprint, @P3 now, @P4 webhook. The webhook comes first: if its change with this claim is kept in between,
-- the result is there.
SET NOCOUNT ON;
SELECT webhook_key, document FROM webhook WHERE id = @P4;
SELECT CASE fingerprint WHEN @P2 THEN 1 ELSE 0 END AS same, result, request_id FROM idempotency
WHERE claim = @P1 AND expires_at > CAST(@P3 AS DATETIME2(6))
