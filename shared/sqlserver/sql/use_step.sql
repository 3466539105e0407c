-- @P7 customer, @P8 step. The condition decides between two who show the same code at once.
UPDATE customer SET last_step = @P8 WHERE id = @P7 AND last_step < @P8;
SET @result = CASE @@ROWCOUNT WHEN 1 THEN N'true' ELSE N'false' END;
