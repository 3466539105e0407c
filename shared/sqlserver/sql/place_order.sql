-- @P7 order id, @P8 customer, @P9 a JSON object with the address or without, @P10 the lines as JSON, @P11 how many lines.
DECLARE @order_key BIGINT, @currency NVARCHAR(3), @total DECIMAL(38, 0);
-- Order and lines come first and serve the rest as their table. XXX is ISO 4217 for no currency.
INSERT INTO sales_order (id, customer_key, status, currency, total_minor, shipping_address, version, placed_at, updated_at)
SELECT @P7, customer_key, N'placed', N'XXX', 0, JSON_QUERY(@P9, N'$.address'), 1, @at, @at FROM customer
WHERE id = @P8 AND status <> N'erased';
IF @@ROWCOUNT = 0 SET @outcome = N'unknown_customer' ELSE SET @order_key = SCOPE_IDENTITY();
INSERT INTO order_line (order_key, line_number, product_key, sku, name, quantity, unit_price_minor, currency)
SELECT @order_key, wish.line, p.product_key, p.sku, p.name, wish.quantity, p.price_minor, p.currency
FROM OPENJSON(@P10) WITH (line INT, product UNIQUEIDENTIFIER, quantity BIGINT, agreed BIGINT, currency NVARCHAR(3)) AS wish
JOIN product AS p ON p.id = wish.product
WHERE p.status = N'active' AND @order_key > 0
    AND COALESCE(wish.agreed, p.price_minor) = p.price_minor
    AND COALESCE(wish.currency COLLATE Latin1_General_BIN2, p.currency) = p.currency;
-- As decimals, which do not overflow: 2^53 minor units times a million pieces times two thousand lines has 26 digits.
SELECT @currency = MIN(currency), @total = SUM(CAST(unit_price_minor AS DECIMAL(38, 0)) * quantity), @outcome = CASE
    WHEN @outcome <> N'done' THEN @outcome
    WHEN COUNT(*) < @P11 THEN N'refused_lines'
    WHEN MIN(currency) <> MAX(currency) THEN N'mixed_currencies'
    WHEN SUM(CAST(unit_price_minor AS DECIMAL(38, 0)) * quantity) > 9007199254740991 THEN N'amount_too_large'
    ELSE N'done' END
FROM order_line WHERE order_key = @order_key;
IF @outcome = N'done'
BEGIN
    -- The condition decides the race for the last pieces.
    UPDATE stock SET reserved = stock.reserved + line.quantity, version = stock.version + 1, updated_at = @at
    FROM order_line AS line
    WHERE line.order_key = @order_key AND line.product_key = stock.product_key AND stock.on_hand - stock.reserved >= line.quantity;
    IF @@ROWCOUNT < @P11 SET @outcome = N'refused_lines'
    ELSE
    BEGIN
        UPDATE sales_order SET currency = @currency, total_minor = @total WHERE order_key = @order_key;
        -- The changed stock is read again rather than put out by the update: an engine that is like SQL Server puts out what the row
        -- was before it waited for it. Nobody changes it before the commit.
        INSERT INTO stock_movement (product_key, version, kind, on_hand_change, reserved_change, order_id, at)
        SELECT line.product_key, s.version, N'placed', 0, line.quantity, @P7, @at
        FROM order_line AS line JOIN stock AS s ON s.product_key = line.product_key
        WHERE line.order_key = @order_key;
        INSERT INTO outbox (type, subject, version, correlation_id, data, created_at)
        OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
            inserted.data, inserted.created_at
        SELECT N'souk.OrderPlaced', id, version, @P6, data, @at FROM order_event WHERE order_key = @order_key
        UNION ALL
        SELECT N'souk.InventoryChanged', e.id, e.version, @P6, e.data, @at
        FROM order_line AS line JOIN stock_event AS e ON e.product_key = line.product_key
        WHERE line.order_key = @order_key;
        -- Looked at again: by now an erasure that was under way is done, and one to come waits for this order and takes its address.
        SELECT @result = document FROM order_document WHERE order_key = @order_key AND customer_status <> N'erased';
        IF @result IS NULL SET @outcome = N'unknown_customer';
    END;
END;
IF @outcome = N'refused_lines'
BEGIN
    -- Undone before it is explained: what this order reserved is not missing. All that the lines meet, for the store to tell.
    ROLLBACK TRANSACTION;
    SELECT @result = (
        SELECT wish.product AS productId, wish.quantity AS requested, wish.agreed AS agreedMinor, wish.currency AS agreedCurrency,
            p.sku AS sku, p.status AS status, p.price_minor AS priceMinor, p.currency AS currency, s.on_hand - s.reserved AS available
        FROM OPENJSON(@P10) WITH (line INT, product UNIQUEIDENTIFIER, quantity BIGINT, agreed BIGINT, currency NVARCHAR(3)) AS wish
        LEFT JOIN product AS p ON p.id = wish.product LEFT JOIN stock AS s ON s.product_key = p.product_key
        ORDER BY wish.line FOR JSON PATH);
END;
