-- @P1 how many at once, @P2 finished before.
SET NOCOUNT ON;
DELETE FROM webhook_delivery
WHERE delivery_key IN (
    SELECT TOP (@P1) delivery_key FROM webhook_delivery WHERE finished_at < CAST(@P2 AS DATETIME2(6)) ORDER BY finished_at);
SELECT @@ROWCOUNT AS changed
