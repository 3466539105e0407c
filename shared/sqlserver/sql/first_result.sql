-- @P1 claim, @P2 fingerprint, @P3 now. Nothing when the claim has expired, which is then forgotten.
SET NOCOUNT ON;
DELETE FROM idempotency WHERE claim = @P1 AND expires_at <= CAST(@P3 AS DATETIME2(6));
SELECT CASE fingerprint WHEN @P2 THEN 1 ELSE 0 END AS same, result, request_id FROM idempotency WHERE claim = @P1
