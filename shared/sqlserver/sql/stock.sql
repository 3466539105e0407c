-- @P1 product.
SELECT document FROM stock_document WHERE id = @P1
