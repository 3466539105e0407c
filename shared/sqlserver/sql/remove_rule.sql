-- @P7 kind, @P8 code. A coupon that is made again was never used.
DELETE FROM pricing_rule WHERE kind = @P7 AND code = @P8;
IF @P7 = N'coupon' DELETE FROM coupon_use WHERE code = @P8;
SET @result = N'null';
