-- @P1 how many at once, @P2 now.
SET NOCOUNT ON;
DELETE FROM mail
WHERE mail_key IN (SELECT TOP (@P1) mail_key FROM mail WHERE expires_at <= CAST(@P2 AS DATETIME2(6)) ORDER BY expires_at);
SELECT @@ROWCOUNT AS changed
