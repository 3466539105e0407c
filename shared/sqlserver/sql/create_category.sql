-- @P7 id, @P8 name, @P9 its key, @P10 parent or nil.
DECLARE @parent_key BIGINT = (SELECT category_key FROM category WHERE id = @P10);
IF @parent_key IS NULL AND @P10 <> CAST(N'00000000-0000-0000-0000-000000000000' AS UNIQUEIDENTIFIER)
    SET @outcome = N'unknown_category';
ELSE
BEGIN
    INSERT INTO category (id, parent_key, sibling_key, name, name_key, version, created_at, updated_at)
    VALUES (@P7, @parent_key, COALESCE(@parent_key, 0), @P8, @P9, 1, @at, @at);
    SELECT @result = document FROM category_document WHERE id = @P7;
END;
