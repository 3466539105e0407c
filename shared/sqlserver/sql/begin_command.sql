-- Opens a command: @P1 claim or nothing, @P2 fingerprint, @P3 request id, @P4 now, @P5 end of the claim, @P6 correlation id. The
-- command's own parameters follow. It sets @outcome when it refuses, @result when it is done; it shows what it adds to the outbox.
SET NOCOUNT ON;
SET XACT_ABORT ON;
-- A pooled connection may come back from a batch that did not reach its end.
IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
DECLARE @at DATETIME2(6) = @P4, @outcome NVARCHAR(40) = N'done', @result NVARCHAR(MAX);
BEGIN TRANSACTION;
-- Before the effect: a second run with the same key waits here, is refused, and the store reads the first one's result.
IF DATALENGTH(@P1) > 0 INSERT INTO idempotency (claim, fingerprint, request_id, expires_at) VALUES (@P1, @P2, @P3, @P5);
