-- @P1 ids as JSON.
SELECT p.document AS product, s.document AS stock
FROM product_document AS p JOIN stock_document AS s ON s.product_key = p.product_key
WHERE p.id IN (SELECT CAST(value AS UNIQUEIDENTIFIER) FROM OPENJSON(@P1))
