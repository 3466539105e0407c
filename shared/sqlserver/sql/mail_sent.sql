-- @P1 mail, @P2 now.
UPDATE mail SET sent_at = CAST(@P2 AS DATETIME2(6)) WHERE id = @P1
