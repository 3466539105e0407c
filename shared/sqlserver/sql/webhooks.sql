-- @P1 before this row, @P2 how many.
SELECT TOP (@P2) webhook_key, document FROM webhook WHERE webhook_key < @P1 ORDER BY webhook_key DESC
