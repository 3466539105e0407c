-- Opens a command: @P1 claim or nothing, @P2 fingerprint, @P3 request id, @P4 now, @P5 end of the claim, @P6 correlation id. The
-- command's own parameters follow. It sets @outcome when it refuses, @result when it is done; it shows what it adds to the outbox.
SET NOCOUNT ON;
SET XACT_ABORT ON;
-- A pooled connection may come back from a batch that did not reach its end.
IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
DECLARE @at DATETIME2(6) = @P4, @outcome NVARCHAR(40) = N'done', @result NVARCHAR(MAX), @request_id NVARCHAR(200);
BEGIN TRANSACTION;
IF DATALENGTH(@P1) > 0
BEGIN
    DELETE FROM idempotency WHERE claim = @P1 AND expires_at <= @at;
    SELECT @outcome = CASE fingerprint WHEN @P2 THEN N'replayed' ELSE N'key_reused' END, @result = result, @request_id = request_id
    FROM idempotency WHERE claim = @P1;
    -- Before the effect: a second run with the same key waits here and then finds the first one's result.
    IF @outcome = N'done' INSERT INTO idempotency (claim, fingerprint, request_id, expires_at) VALUES (@P1, @P2, @P3, @P5);
END;
IF @outcome = N'done'
BEGIN
