-- @P7 id, @P8 SKU, @P9 name, @P10 its key, @P11 description, @P12 category, @P13 price, @P14 currency, @P15 where its terms
-- are in @P16, as JSON, @P17 weight.
DECLARE @category_key BIGINT = (SELECT category_key FROM category WHERE id = @P12), @product_key BIGINT;
IF @category_key IS NULL
    SET @outcome = N'unknown_category';
ELSE
BEGIN
    INSERT INTO product (id, sku, name, name_key, description, category_key, price_minor, currency, weight_grams, status, version,
        created_at, updated_at)
    VALUES (@P7, @P8, @P9, @P10, @P11, @category_key, @P13, @P14, @P17, N'active', 1, @at, @at);
    SET @product_key = SCOPE_IDENTITY();
    INSERT INTO stock (product_key, on_hand, reserved, version, updated_at) VALUES (@product_key, 0, 0, 1, @at);
    INSERT INTO product_term (term, product_key, of_sku)
    SELECT CAST(SUBSTRING(@P16, wish.start, wish.length) AS VARBINARY(160)), @product_key, wish.of_sku
    FROM OPENJSON(@P15) WITH (start INT, length INT, of_sku BIT) AS wish;
    INSERT INTO outbox (type, subject, version, correlation_id, data, created_at)
    OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
        inserted.data, inserted.created_at
    SELECT N'souk.ProductCreated', id, version, @P6, data, @at FROM product_event WHERE product_key = @product_key;
    SELECT @result = document FROM product_document WHERE product_key = @product_key;
END;
