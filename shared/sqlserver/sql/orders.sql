-- @P1 customer, @P2 before this row, @P3 how many.
SELECT TOP (@P3) order_key, document FROM sales_order
WHERE customer_key = (SELECT customer_key FROM customer WHERE id = @P1) AND order_key < @P2
ORDER BY order_key DESC
