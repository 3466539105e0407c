-- @P1 how many at once, @P2 now. As many notes of mailed orders as mails.
SET NOCOUNT ON;
DECLARE @mails INT, @notes INT;
DELETE FROM mail
WHERE mail_key IN (SELECT TOP (@P1) mail_key FROM mail WHERE expires_at <= CAST(@P2 AS DATETIME2(6)) ORDER BY expires_at);
SET @mails = @@ROWCOUNT;
DELETE FROM order_mail
WHERE event_id IN (SELECT TOP (@P1) event_id FROM order_mail WHERE expires_at <= CAST(@P2 AS DATETIME2(6)) ORDER BY expires_at);
SET @notes = @@ROWCOUNT;
SELECT @mails + @notes AS changed
