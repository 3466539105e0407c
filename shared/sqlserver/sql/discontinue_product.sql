-- @P7 id.
DECLARE @product_key BIGINT = (SELECT product_key FROM product WHERE id = @P7);
UPDATE product SET status = N'discontinued', version = product.version + 1, updated_at = @at
WHERE product_key = @product_key AND status = N'active';
IF @@ROWCOUNT = 1
    INSERT INTO outbox (type, subject, version, correlation_id, data, created_at)
    OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
        inserted.data, inserted.created_at
    SELECT N'souk.ProductUpdated', id, version, @P6, data, @at FROM product_event WHERE product_key = @product_key;
IF @product_key IS NULL
    SET @outcome = N'unknown_product';
ELSE
    SELECT @result = document FROM product_document WHERE product_key = @product_key;
