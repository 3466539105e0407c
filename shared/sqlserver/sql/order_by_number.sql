-- @P1 the count in its number, @P2 the buyer's address.
SELECT o.document FROM sales_order AS o JOIN customer AS c ON c.customer_key = o.customer_key WHERE o.order_key = @P1 AND c.email = @P2
