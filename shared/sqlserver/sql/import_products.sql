-- @P7 new categories, @P8 new products, @P9 changed products, @P10 terms of both, all as JSON; keys and terms are in @P11,
-- where their start and length say. Who read the products has decided what is new and what has changed; if that is no longer
-- so, nothing happens and they read again.
INSERT INTO category (id, sibling_key, name, name_key, version, created_at, updated_at)
SELECT wish.id, 0, wish.name, CAST(SUBSTRING(@P11, wish.start, wish.length) AS VARBINARY(800)), 1, @at, @at
FROM OPENJSON(@P7) WITH (id UNIQUEIDENTIFIER, name NVARCHAR(200), start INT, length INT) AS wish;
INSERT INTO product (id, sku, name, name_key, description, category_key, price_minor, currency, weight_grams, status,
    version, created_at, updated_at)
SELECT wish.id, wish.sku, wish.name, CAST(SUBSTRING(@P11, wish.start, wish.length) AS VARBINARY(800)), wish.description,
    c.category_key, wish.price_minor, wish.currency, wish.weight_grams, N'active', 1, @at, @at
FROM OPENJSON(@P8) WITH (id UNIQUEIDENTIFIER, sku NVARCHAR(64), name NVARCHAR(400), start INT, length INT, description NVARCHAR(MAX),
    category UNIQUEIDENTIFIER, price_minor BIGINT, currency NVARCHAR(3), weight_grams BIGINT) AS wish
JOIN category AS c ON c.id = wish.category;
IF @@ROWCOUNT < (SELECT COUNT(*) FROM OPENJSON(@P8)) SET @outcome = N'overtaken';
INSERT INTO stock (product_key, on_hand, reserved, version, updated_at)
SELECT p.product_key, 0, 0, 1, @at FROM OPENJSON(@P8) WITH (id UNIQUEIDENTIFIER) AS wish JOIN product AS p ON p.id = wish.id;
UPDATE product
SET name = wish.name, name_key = CAST(SUBSTRING(@P11, wish.start, wish.length) AS VARBINARY(800)),
    description = wish.description, category_key = c.category_key, price_minor = wish.price_minor, currency = wish.currency,
    weight_grams = wish.weight_grams, version = product.version + 1, updated_at = @at
FROM OPENJSON(@P9) WITH (id UNIQUEIDENTIFIER, version BIGINT, name NVARCHAR(400), start INT, length INT, description NVARCHAR(MAX),
    category UNIQUEIDENTIFIER, price_minor BIGINT, currency NVARCHAR(3), weight_grams BIGINT) AS wish
JOIN category AS c ON c.id = wish.category
WHERE wish.id = product.id AND wish.version = product.version AND product.status = N'active';
IF @@ROWCOUNT < (SELECT COUNT(*) FROM OPENJSON(@P9)) SET @outcome = N'overtaken';
IF @outcome = N'done'
BEGIN
    DELETE FROM product_term WHERE of_sku = 0 AND product_key IN (
        SELECT p.product_key FROM OPENJSON(@P9) WITH (id UNIQUEIDENTIFIER) AS wish JOIN product AS p ON p.id = wish.id);
    INSERT INTO product_term (term, product_key, of_sku)
    SELECT CAST(SUBSTRING(@P11, wish.start, wish.length) AS VARBINARY(160)), p.product_key, wish.of_sku
    FROM OPENJSON(@P10) WITH (product UNIQUEIDENTIFIER, start INT, length INT, of_sku BIT) AS wish
    JOIN product AS p ON p.id = wish.product
    WHERE NOT EXISTS (SELECT 1 FROM product_term AS known
        WHERE known.product_key = p.product_key AND known.term = CAST(SUBSTRING(@P11, wish.start, wish.length) AS VARBINARY(160)));
    INSERT INTO outbox (type, subject, version, correlation_id, data, created_at)
    OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
        inserted.data, inserted.created_at
    SELECT N'souk.ProductCreated', e.id, e.version, @P6, e.data, @at
    FROM OPENJSON(@P8) WITH (id UNIQUEIDENTIFIER) AS wish JOIN product_event AS e ON e.id = wish.id
    UNION ALL
    SELECT N'souk.ProductUpdated', e.id, e.version, @P6, e.data, @at
    FROM OPENJSON(@P9) WITH (id UNIQUEIDENTIFIER) AS wish JOIN product_event AS e ON e.id = wish.id;
END;
