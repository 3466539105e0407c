-- @P1 how many at once, @P2 now.
SET NOCOUNT ON;
DELETE TOP (@P1) FROM idempotency WHERE expires_at <= CAST(@P2 AS DATETIME2(6));
SELECT @@ROWCOUNT AS changed
