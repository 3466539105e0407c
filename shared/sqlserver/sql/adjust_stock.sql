-- @P7 product, @P8 version the stock must have or 0, @P9 1 when the number is a count, 0 when it is a difference,
-- @P10 the number, @P11 reason, @P12 actor.
DECLARE @product_key BIGINT = (SELECT product_key FROM product WHERE id = @P7), @before BIGINT, @after BIGINT, @reserved BIGINT,
    @version BIGINT;
-- From here on nobody else changes the stock.
UPDATE stock SET version = stock.version + 1, updated_at = @at WHERE product_key = @product_key;
SELECT @before = on_hand, @reserved = reserved, @version = version FROM stock WHERE product_key = @product_key;
SET @after = CASE @P9 WHEN 1 THEN @P10 ELSE @before + @P10 END;
IF @product_key IS NULL
    SET @outcome = N'unknown_product';
ELSE IF @P8 <> 0 AND @P8 <> @version - 1
    SELECT @outcome = N'stale', @result = CAST(@version - 1 AS NVARCHAR(20));
ELSE IF @after NOT BETWEEN @reserved AND 1000000000
    SET @outcome = N'stock_out_of_range';
ELSE
BEGIN
    UPDATE stock SET on_hand = @after WHERE product_key = @product_key;
    INSERT INTO stock_movement (product_key, version, kind, on_hand_change, reserved_change, reason, actor, at)
    SELECT @product_key, @version, N'adjusted', @after - @before, 0, CAST(@P11 AS NVARCHAR(400)), @P12, @at;
    INSERT INTO outbox (type, subject, version, correlation_id, data, created_at)
    OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
        inserted.data, inserted.created_at
    SELECT N'souk.InventoryChanged', id, version, @P6, data, @at FROM stock_event WHERE product_key = @product_key;
    SELECT @result = document FROM stock_document WHERE product_key = @product_key;
END;
