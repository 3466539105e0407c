-- @P7 kind, @P8 code.
DELETE FROM pricing_rule WHERE kind = @P7 AND code = @P8;
SET @result = N'null';
