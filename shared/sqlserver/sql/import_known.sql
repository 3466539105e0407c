-- @P1 SKUs as JSON, @P2 where the keys of category names are in @P3, as JSON: the products that exist, the categories at the top.
SELECT document FROM product_document WHERE sku IN (SELECT value COLLATE Latin1_General_BIN2 FROM OPENJSON(@P1));
SELECT id, name_key FROM category
WHERE sibling_key = 0 AND name_key IN (
    SELECT CAST(SUBSTRING(@P3, wish.start, wish.length) AS VARBINARY(800)) FROM OPENJSON(@P2) WITH (start INT, length INT) AS wish)
