-- @P1 customer, @P2 the old hash, @P3 the new one.
UPDATE customer SET password_hash = @P3 WHERE id = @P1 AND password_hash = @P2
