-- @P1 product, @P2 before this version, @P3 how many. A known product without movements is one row without a document.
SELECT TOP (@P3) m.document
FROM product AS p LEFT JOIN movement_document AS m ON m.product_key = p.product_key AND m.version < @P2
WHERE p.id = @P1 ORDER BY m.version DESC
