-- @P1 customer, @P2 before this row, @P3 how many.
SELECT TOP (@P3) order_key, document FROM order_document WHERE customer_id = @P1 AND order_key < @P2 ORDER BY order_key DESC
