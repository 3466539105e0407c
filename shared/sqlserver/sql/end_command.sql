IF @outcome = N'done'
BEGIN
    IF DATALENGTH(@P1) > 0 UPDATE idempotency SET result = @result WHERE claim = @P1;
    COMMIT TRANSACTION;
END
ELSE IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
SELECT @outcome AS outcome, @result AS result;
