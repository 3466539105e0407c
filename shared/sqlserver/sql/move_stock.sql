-- Goes behind keep_order. @P20 the moves as JSON, each with the number of those that follow for its product; @P21 how many products.
IF @outcome = N'done'
BEGIN
    UPDATE stock
    SET on_hand = stock.on_hand + change.on_hand, reserved = stock.reserved + change.reserved, version = stock.version + change.moves,
        updated_at = @at
    FROM (
        SELECT p.product_key, SUM(move.on_hand) AS on_hand, SUM(move.reserved) AS reserved, COUNT(*) AS moves
        FROM OPENJSON(@P20) WITH (product UNIQUEIDENTIFIER, on_hand BIGINT, reserved BIGINT) AS move
        JOIN product AS p ON p.id = move.product
        GROUP BY p.product_key) AS change
    WHERE change.product_key = stock.product_key;
    IF @@ROWCOUNT < @P21 SET @outcome = N'stock_missing';
    INSERT INTO stock_movement (product_key, version, kind, on_hand_change, reserved_change, order_id, at)
    SELECT p.product_key, s.version - move.follow, move.kind, move.on_hand, move.reserved, @P8, @at
    FROM OPENJSON(@P20) WITH (product UNIQUEIDENTIFIER, kind NVARCHAR(12), on_hand BIGINT, reserved BIGINT, follow INT) AS move
    JOIN product AS p ON p.id = move.product JOIN stock AS s ON s.product_key = p.product_key;
    INSERT INTO outbox (type, subject, version, correlation_id, data, created_at)
    OUTPUT inserted.sequence, inserted.event_id, inserted.type, inserted.subject, inserted.version, inserted.correlation_id,
        inserted.data, inserted.created_at
    SELECT N'souk.InventoryChanged', e.id, e.version, @P6, e.data, @at
    FROM OPENJSON(@P20) WITH (product UNIQUEIDENTIFIER, follow INT) AS move JOIN stock_event AS e ON e.id = move.product
    WHERE move.follow = 0;
END;
