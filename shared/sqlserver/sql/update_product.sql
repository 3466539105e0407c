-- @P8 id, @P9 version it must have or 0, @P10 name, @P11 its key, @P12 description, @P13 category, @P14 price, @P15 currency,
-- @P16 where the terms of name and description are in @P17, as JSON.
DECLARE @category_key BIGINT = (SELECT category_key FROM category WHERE id = @P13), @product_key BIGINT, @version BIGINT,
    @status NVARCHAR(12), @reworded INT;
SELECT @product_key = product_key, @version = version, @status = status FROM product WHERE id = @P8;
SELECT @reworded = COUNT(*) FROM product WHERE product_key = @product_key AND (name <> @P10 OR description <> @P12);
-- The version and status are looked at again: somebody may have been faster.
UPDATE product
SET name = @P10, name_key = @P11, description = @P12, category_key = @category_key, price_minor = @P14, currency = @P15,
    version = product.version + 1, updated_at = @at
WHERE product_key = @product_key AND status = N'active' AND (@P9 = 0 OR product.version = @P9) AND @category_key IS NOT NULL;
IF @@ROWCOUNT = 1
BEGIN
    IF @reworded > 0
    BEGIN
        DELETE FROM product_term WHERE product_key = @product_key AND of_sku = 0;
        INSERT INTO product_term (term, product_key, of_sku)
        SELECT CAST(SUBSTRING(@P17, wish.start, wish.length) AS VARBINARY(160)), @product_key, 0
        FROM OPENJSON(@P16) WITH (start INT, length INT) AS wish
        WHERE CAST(SUBSTRING(@P17, wish.start, wish.length) AS VARBINARY(160))
            NOT IN (SELECT term FROM product_term WHERE product_key = @product_key);
    END;
    INSERT INTO outbox (event_id, type, subject, version, correlation_id, data, created_at)
    OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
        inserted.data, inserted.created_at
    SELECT @P7, N'souk.ProductUpdated', id, version, @P6, data, @at FROM product_event WHERE product_key = @product_key;
    SELECT @result = document FROM product_document WHERE product_key = @product_key;
END
ELSE
BEGIN
    SELECT @version = version, @status = status FROM product WHERE product_key = @product_key;
    SELECT @outcome = CASE
        WHEN @product_key IS NULL THEN N'unknown_product'
        WHEN @P9 <> 0 AND @P9 <> @version THEN N'stale'
        WHEN @status <> N'active' THEN N'product_discontinued'
        ELSE N'unknown_category' END, @result = CAST(@version AS NVARCHAR(20));
END;
