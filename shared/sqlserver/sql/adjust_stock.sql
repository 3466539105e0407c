-- @P8 product, @P9 version the stock must have or 0, @P10 1 when the number is a count, 0 when it is a difference,
-- @P11 the number, @P12 reason, @P13 actor, @P14 movement id.
DECLARE @product_key BIGINT = (SELECT product_key FROM product WHERE id = @P8), @before BIGINT, @after BIGINT, @reserved BIGINT,
    @version BIGINT;
-- From here on nobody else changes the stock.
UPDATE stock SET version = stock.version + 1, updated_at = @at WHERE product_key = @product_key;
SELECT @before = on_hand, @reserved = reserved, @version = version FROM stock WHERE product_key = @product_key;
SET @after = CASE @P10 WHEN 1 THEN @P11 ELSE @before + @P11 END;
IF @product_key IS NULL
    SET @outcome = N'unknown_product';
ELSE IF @P9 <> 0 AND @P9 <> @version - 1
    SELECT @outcome = N'stale', @result = CAST(@version - 1 AS NVARCHAR(20));
ELSE IF @after NOT BETWEEN @reserved AND 1000000000
    SET @outcome = N'stock_out_of_range';
ELSE
BEGIN
    UPDATE stock SET on_hand = @after WHERE product_key = @product_key;
    INSERT INTO stock_movement (product_key, version, id, kind, on_hand_change, reserved_change, reason, actor, at)
    SELECT @product_key, @version, @P14, N'adjusted', @after - @before, 0, CAST(@P12 AS NVARCHAR(400)), @P13, @at;
    INSERT INTO outbox (event_id, type, subject, version, correlation_id, data, created_at)
    OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
        inserted.data, inserted.created_at
    SELECT @P7, N'souk.InventoryChanged', id, version, @P6, data, @at FROM stock_event WHERE product_key = @product_key;
    SELECT @result = document FROM stock_document WHERE product_key = @product_key;
END;
