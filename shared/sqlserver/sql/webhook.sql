-- @P1 webhook.
SELECT document FROM webhook WHERE id = @P1
