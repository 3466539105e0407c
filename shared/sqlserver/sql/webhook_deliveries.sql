-- @P1 webhook, @P2 before this row, @P3 how many.
SET NOCOUNT ON;
SELECT webhook_key FROM webhook WHERE id = @P1;
SELECT TOP (@P3) delivery_key, document FROM webhook_delivery_document
WHERE webhook_key = (SELECT webhook_key FROM webhook WHERE id = @P1) AND delivery_key < @P2
ORDER BY delivery_key DESC
