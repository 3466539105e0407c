-- @P1 event, @P2 until when it is remembered.
INSERT INTO order_mail (event_id, expires_at)
SELECT @P1, CAST(@P2 AS DATETIME2(6)) WHERE NOT EXISTS (SELECT 1 FROM order_mail WHERE event_id = @P1)
