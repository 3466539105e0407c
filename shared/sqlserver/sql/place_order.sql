-- @P8 order id, @P9 customer, @P10 address as JSON or nothing, @P11 the lines as JSON, @P12 how many lines.
DECLARE @order_key BIGINT, @currency NVARCHAR(3), @last_currency NVARCHAR(3), @total DECIMAL(38, 0), @customer_key BIGINT, @found INT,
    @address NVARCHAR(MAX) = @P10;
-- More ids are UUIDv7 as well: the first half of the given one, then the second half of a random one.
DECLARE @half NVARCHAR(15) = LEFT(CAST(@P7 AS NVARCHAR(36)), 15);
IF @address = N'' SET @address = NULL;
SELECT @customer_key = customer_key FROM customer WHERE id = @P9;
IF @customer_key IS NULL
    SET @outcome = N'unknown_customer';
ELSE
BEGIN
    -- Order and lines come first and serve the rest as their table. XXX is ISO 4217 for no currency.
    INSERT INTO sales_order (id, customer_key, status, currency, total_minor, shipping_address, version, placed_at, updated_at)
    VALUES (@P8, @customer_key, N'placed', N'XXX', 0, @address, 1, @at, @at);
    SET @order_key = SCOPE_IDENTITY();
    INSERT INTO order_line (order_key, line_number, product_key, sku, name, quantity, unit_price_minor, currency)
    SELECT @order_key, wish.line, p.product_key, p.sku, p.name, wish.quantity, p.price_minor, p.currency
    FROM OPENJSON(@P11) WITH (line INT, product UNIQUEIDENTIFIER, quantity BIGINT) AS wish JOIN product AS p ON p.id = wish.product
    WHERE p.status = N'active';
    SET @found = @@ROWCOUNT;
    -- As decimals, which do not overflow: 2^53 minor units times a million pieces times two thousand lines has 26 digits.
    SELECT @currency = MIN(currency), @last_currency = MAX(currency),
        @total = SUM(CAST(unit_price_minor AS DECIMAL(38, 0)) * CAST(quantity AS DECIMAL(10, 0)))
    FROM order_line WHERE order_key = @order_key;
    IF @found < @P12
    BEGIN
        SELECT @outcome = N'unknown_products', @result = (
            SELECT wish.product AS id FROM OPENJSON(@P11) WITH (line INT, product UNIQUEIDENTIFIER) AS wish
            WHERE NOT EXISTS (SELECT 1 FROM product AS p WHERE p.id = wish.product) ORDER BY wish.line FOR JSON PATH);
        IF @result IS NULL
            SELECT @outcome = N'discontinued_products', @result = (
                SELECT wish.product AS id FROM OPENJSON(@P11) WITH (line INT, product UNIQUEIDENTIFIER) AS wish
                JOIN product AS p ON p.id = wish.product WHERE p.status <> N'active' ORDER BY wish.line FOR JSON PATH);
    END
    ELSE IF @currency <> @last_currency
        SET @outcome = N'mixed_currencies';
    ELSE IF @total > 9007199254740991
        SET @outcome = N'amount_too_large';
    ELSE
    BEGIN
        -- The condition decides the race for the last pieces.
        UPDATE stock SET reserved = stock.reserved + line.quantity, version = stock.version + 1, updated_at = @at
        FROM order_line AS line
        WHERE line.order_key = @order_key AND line.product_key = stock.product_key AND stock.on_hand - stock.reserved >= line.quantity;
        SET @found = @@ROWCOUNT;
    END;
    IF @outcome = N'done' AND @found < @P12
    BEGIN
        -- Undone before the shortages are read: what this order reserved is not missing.
        ROLLBACK TRANSACTION;
        SELECT @outcome = N'insufficient_stock', @result = (
            SELECT p.id AS productId, p.sku AS sku, wish.quantity AS requested, s.on_hand - s.reserved AS available
            FROM OPENJSON(@P11) WITH (line INT, product UNIQUEIDENTIFIER, quantity BIGINT) AS wish
            JOIN product AS p ON p.id = wish.product JOIN stock AS s ON s.product_key = p.product_key
            WHERE s.on_hand - s.reserved < wish.quantity ORDER BY wish.line FOR JSON PATH);
    END;
    IF @outcome = N'done'
    BEGIN
        UPDATE sales_order SET currency = @currency, total_minor = @total WHERE order_key = @order_key;
        -- The changed stock is read again rather than put out by the update: an engine that is like SQL Server puts out what the
        -- row was before it waited for it. Nobody changes it before the commit.
        INSERT INTO stock_movement (product_key, version, id, kind, on_hand_change, reserved_change, order_id, at)
        SELECT line.product_key, s.version, CAST(@half + SUBSTRING(CAST(NEWID() AS NVARCHAR(36)), 16, 21) AS UNIQUEIDENTIFIER),
            N'placed', 0, line.quantity, @P8, @at
        FROM order_line AS line JOIN stock AS s ON s.product_key = line.product_key
        WHERE line.order_key = @order_key;
        INSERT INTO outbox (event_id, type, subject, version, correlation_id, data, created_at)
        OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
            inserted.data, inserted.created_at
        SELECT @P7, N'souk.OrderPlaced', id, version, @P6, data, @at FROM order_event WHERE order_key = @order_key;
        INSERT INTO outbox (event_id, type, subject, version, correlation_id, data, created_at)
        OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
            inserted.data, inserted.created_at
        SELECT CAST(@half + SUBSTRING(CAST(NEWID() AS NVARCHAR(36)), 16, 21) AS UNIQUEIDENTIFIER), N'souk.InventoryChanged',
            e.id, e.version, @P6, e.data, @at
        FROM order_line AS line JOIN stock_event AS e ON e.product_key = line.product_key
        WHERE line.order_key = @order_key;
        SELECT @result = document FROM order_document WHERE order_key = @order_key;
    END;
END;
