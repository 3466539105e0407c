-- @P7 id, @P8 version it must have or 0, @P9 name, @P10 its key, @P11 parent or nil.
DECLARE @category_key BIGINT, @version BIGINT, @parent_key BIGINT, @above BIGINT;
-- Moves follow each other: two of them at once could close a ring.
UPDATE category_tree SET moves = category_tree.moves + 1;
SELECT @category_key = category_key, @version = version FROM category WHERE id = @P7;
SELECT @parent_key = category_key FROM category WHERE id = @P11;
IF @category_key IS NULL
    SET @outcome = N'unknown_category_itself';
ELSE IF @P8 <> 0 AND @P8 <> @version
    SELECT @outcome = N'stale', @result = CAST(@version AS NVARCHAR(20));
ELSE IF @parent_key IS NULL AND @P11 <> CAST(N'00000000-0000-0000-0000-000000000000' AS UNIQUEIDENTIFIER)
    SET @outcome = N'unknown_category';
ELSE
BEGIN
    SET @above = @parent_key;
    WHILE @above IS NOT NULL AND @above <> @category_key
        SET @above = (SELECT parent_key FROM category WHERE category_key = @above);
    IF @above = @category_key SET @outcome = N'category_cycle';
    IF @outcome = N'done'
    BEGIN
        UPDATE category
        SET parent_key = @parent_key, sibling_key = COALESCE(@parent_key, 0), name = @P9, name_key = @P10,
            version = category.version + 1, updated_at = @at
        WHERE category_key = @category_key;
        SELECT @result = document FROM category_document WHERE category_key = @category_key;
    END;
END;
