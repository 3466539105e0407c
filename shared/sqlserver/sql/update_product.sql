-- @P7 id, @P8 version it must have or 0, @P9 name, @P10 its key, @P11 description, @P12 category, @P13 price, @P14 currency,
-- @P15 where the terms of name and description are in @P16, as JSON, @P17 weight.
DECLARE @category_key BIGINT = (SELECT category_key FROM category WHERE id = @P12), @product_key BIGINT, @version BIGINT,
    @status NVARCHAR(12), @reworded INT;
SELECT @product_key = product_key, @version = version, @status = status FROM product WHERE id = @P7;
SELECT @reworded = COUNT(*) FROM product WHERE product_key = @product_key AND (name <> @P9 OR description <> @P11);
-- The version and status are looked at again: somebody may have been faster.
UPDATE product
SET name = @P9, name_key = @P10, description = @P11, category_key = @category_key, price_minor = @P13, currency = @P14,
    weight_grams = @P17, version = product.version + 1, updated_at = @at
WHERE product_key = @product_key AND status = N'active' AND (@P8 = 0 OR product.version = @P8) AND @category_key IS NOT NULL;
IF @@ROWCOUNT = 1
BEGIN
    IF @reworded > 0
    BEGIN
        DELETE FROM product_term WHERE product_key = @product_key AND of_sku = 0;
        INSERT INTO product_term (term, product_key, of_sku)
        SELECT CAST(SUBSTRING(@P16, wish.start, wish.length) AS VARBINARY(160)), @product_key, 0
        FROM OPENJSON(@P15) WITH (start INT, length INT) AS wish
        WHERE CAST(SUBSTRING(@P16, wish.start, wish.length) AS VARBINARY(160))
            NOT IN (SELECT term FROM product_term WHERE product_key = @product_key);
    END;
    INSERT INTO outbox (type, subject, version, correlation_id, data, created_at)
    OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
        inserted.data, inserted.created_at
    SELECT N'souk.ProductUpdated', id, version, @P6, data, @at FROM product_event WHERE product_key = @product_key;
    SELECT @result = document FROM product_document WHERE product_key = @product_key;
END
ELSE
BEGIN
    SELECT @version = version, @status = status FROM product WHERE product_key = @product_key;
    SELECT @outcome = CASE
        WHEN @product_key IS NULL THEN N'unknown_product'
        WHEN @P8 <> 0 AND @P8 <> @version THEN N'stale'
        WHEN @status <> N'active' THEN N'product_discontinued'
        ELSE N'unknown_category' END, @result = CAST(@version AS NVARCHAR(20));
END;
