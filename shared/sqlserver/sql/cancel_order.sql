-- @P7 order, @P8 its owner or nil.
DECLARE @order_key BIGINT, @nobody UNIQUEIDENTIFIER = CAST(N'00000000-0000-0000-0000-000000000000' AS UNIQUEIDENTIFIER);
SELECT @order_key = o.order_key
FROM sales_order AS o JOIN customer AS c ON c.customer_key = o.customer_key
WHERE o.id = @P7 AND (@P8 = @nobody OR c.id = @P8);
-- The condition decides between two cancellations at once.
UPDATE sales_order SET status = N'cancelled', version = sales_order.version + 1, updated_at = @at
WHERE order_key = @order_key AND status = N'placed';
IF @@ROWCOUNT = 1
BEGIN
    UPDATE stock SET reserved = stock.reserved - line.quantity, version = stock.version + 1, updated_at = @at
    FROM order_line AS line
    WHERE line.order_key = @order_key AND line.product_key = stock.product_key;
    INSERT INTO stock_movement (product_key, version, kind, on_hand_change, reserved_change, order_id, at)
    SELECT line.product_key, s.version, N'released', 0, -line.quantity, @P7, @at
    FROM order_line AS line JOIN stock AS s ON s.product_key = line.product_key
    WHERE line.order_key = @order_key;
    INSERT INTO outbox (type, subject, version, correlation_id, data, created_at)
    OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
        inserted.data, inserted.created_at
    SELECT N'souk.OrderCancelled', id, version, @P6, data, @at FROM order_event WHERE order_key = @order_key
    UNION ALL
    SELECT N'souk.InventoryChanged', e.id, e.version, @P6, e.data, @at
    FROM order_line AS line JOIN stock_event AS e ON e.product_key = line.product_key
    WHERE line.order_key = @order_key;
END
ELSE IF @order_key IS NULL
    SET @outcome = N'unknown_order';
ELSE IF (SELECT status FROM sales_order WHERE order_key = @order_key) <> N'cancelled'
    SET @outcome = N'order_status';
IF @outcome = N'done' SELECT @result = document FROM order_document WHERE order_key = @order_key;
