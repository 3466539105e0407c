-- @P1 id, @P2 its owner or nil.
SELECT document FROM order_document
WHERE id = @P1 AND (customer_id = @P2 OR @P2 = CAST(N'00000000-0000-0000-0000-000000000000' AS UNIQUEIDENTIFIER))
