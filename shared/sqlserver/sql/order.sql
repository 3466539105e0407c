-- @P1 id.
SELECT document FROM sales_order WHERE id = @P1
