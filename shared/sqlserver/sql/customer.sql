-- @P1 id.
SELECT document FROM customer_document WHERE id = @P1
