-- @P7 order id, @P8 customer, @P9 document, @P10 data of its event, both with a number that counts nothing yet, @P11 how the number begins.
-- @P12 status, @P13 currency, @P14 total, @P15 when it was placed, @P16 when it expires or nothing, @P17 the lines as JSON, @P18 how many.
DECLARE @order_key BIGINT, @number NVARCHAR(30);
-- Order and lines come first and serve the rest as their table.
INSERT INTO sales_order (id, customer_key, status, currency, total_minor, version, placed_at, updated_at, expires_at, document)
SELECT @P7, customer_key, @P12, @P13, @P14, 1, @P15, @P15, NULLIF(@P16, N''), @P9 FROM customer WHERE id = @P8 AND status <> N'erased';
IF @@ROWCOUNT = 1 SET @order_key = SCOPE_IDENTITY();
INSERT INTO order_line (order_key, line_number, product_key, sku, name, quantity, unit_price_minor, currency)
SELECT @order_key, wish.line, p.product_key, p.sku, wish.name, wish.quantity, p.price_minor, p.currency
FROM OPENJSON(@P17) WITH (line INT, product UNIQUEIDENTIFIER, name NVARCHAR(400), quantity BIGINT, agreed BIGINT) AS wish
JOIN product AS p ON p.id = wish.product
WHERE p.status = N'active' AND p.price_minor = wish.agreed AND p.currency = @P13 AND @order_key > 0;
IF @@ROWCOUNT < @P18 SET @outcome = CASE WHEN @order_key > 0 THEN N'refused_lines' ELSE N'unknown_customer' END
ELSE
BEGIN
    -- The condition decides the race for the last pieces.
    UPDATE stock SET reserved = stock.reserved + line.quantity, version = stock.version + 1, updated_at = @at
    FROM order_line AS line
    WHERE line.order_key = @order_key AND line.product_key = stock.product_key AND stock.on_hand - stock.reserved >= line.quantity;
    IF @@ROWCOUNT < @P18 SET @outcome = N'refused_lines'
    ELSE
    BEGIN
        SET @number = CONCAT(@P11, REPLICATE(N'0', 6 - LEN(@order_key)), @order_key);
        SET @result = JSON_MODIFY(@P9, N'$.number', @number);
        -- The customer is looked at again: by now an erasure that was under way is done, and one to come waits for this order and takes
        -- its address.
        UPDATE sales_order SET document = @result FROM customer AS c
        WHERE order_key = @order_key AND c.customer_key = sales_order.customer_key AND c.status <> N'erased';
        IF @@ROWCOUNT = 0 SET @outcome = N'unknown_customer';
        -- The changed stock is read again rather than put out by the update: an engine that is like SQL Server puts out what the row
        -- was before it waited for it. Nobody changes it before the commit.
        INSERT INTO stock_movement (product_key, version, kind, on_hand_change, reserved_change, order_id, at)
        SELECT line.product_key, s.version, N'placed', 0, line.quantity, @P7, @at
        FROM order_line AS line JOIN stock AS s ON s.product_key = line.product_key
        WHERE line.order_key = @order_key;
        INSERT INTO outbox (type, subject, version, correlation_id, data, created_at)
        OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
            inserted.data, inserted.created_at
        SELECT N'souk.OrderPlaced', @P7, 1, @P6, JSON_MODIFY(@P10, N'$.number', @number), @at
        UNION ALL
        SELECT N'souk.InventoryChanged', e.id, e.version, @P6, e.data, @at
        FROM order_line AS line JOIN stock_event AS e ON e.product_key = line.product_key
        WHERE line.order_key = @order_key;
    END;
END;
IF @outcome = N'refused_lines'
BEGIN
    -- Undone before it is explained: what this order reserved is not missing. All that the lines meet, for the store to tell.
    ROLLBACK TRANSACTION;
    -- Every name that stands here is parsed for each order that is not refused, too; hence the stars.
    SET @result = (SELECT wish.*, offer.*
        FROM OPENJSON(@P17) WITH (line INT, product UNIQUEIDENTIFIER, quantity BIGINT, agreed BIGINT, agreed_in NVARCHAR(3)) AS wish
        LEFT JOIN offer ON offer.id = wish.product FOR JSON PATH);
END;
