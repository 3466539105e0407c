-- @P1 mail, @P2 hash of the token, @P3 now. Nothing when the mail was sent, its link was used or it is too old.
SET NOCOUNT ON;
UPDATE mail
SET token_hash = CASE WHEN kind IN (N'registration', N'password_reset', N'email_change', N'invitation') THEN @P2 END
WHERE id = @P1 AND sent_at IS NULL AND used_at IS NULL AND expires_at > CAST(@P3 AS DATETIME2(6));
IF @@ROWCOUNT = 1
    SELECT m.kind, m.email, COALESCE(c.name, m.name, asked.name) AS name, c.status
    FROM mail AS m LEFT JOIN customer AS c ON c.email = m.email LEFT JOIN customer AS asked ON asked.customer_key = m.customer_key
    WHERE m.id = @P1
