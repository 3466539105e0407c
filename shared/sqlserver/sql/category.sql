-- @P1 id.
SELECT document FROM category_document WHERE id = @P1
