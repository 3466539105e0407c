-- @P7 id.
DECLARE @category_key BIGINT = (SELECT category_key FROM category WHERE id = @P7);
IF @category_key IS NULL
    SET @outcome = N'unknown_category_itself';
ELSE
    -- Foreign keys refuse it while products or other categories name it.
    DELETE FROM category WHERE category_key = @category_key;
SET @result = N'null';
