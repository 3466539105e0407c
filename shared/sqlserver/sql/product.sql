-- @P1 id.
SELECT p.document AS product, s.document AS stock
FROM product_document AS p JOIN stock_document AS s ON s.product_key = p.product_key
WHERE p.id = @P1
