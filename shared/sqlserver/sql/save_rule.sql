-- @P7 kind, @P8 code, @P9 document, @P10 how many orders may use it or 0, @P11 how many of one customer or 0.
UPDATE pricing_rule SET document = @P9, max_uses = NULLIF(@P10, 0), max_uses_per_customer = NULLIF(@P11, 0), updated_at = @at
WHERE kind = @P7 AND code = @P8;
-- A coupon that comes back remembers the orders that use it. If somebody else makes the rule now, its key refuses this, and the next run
-- replaces it.
IF @@ROWCOUNT = 0
    INSERT INTO pricing_rule (kind, code, document, uses, max_uses, max_uses_per_customer, created_at, updated_at)
    SELECT @P7, @P8, @P9, COALESCE(SUM(uses), 0), NULLIF(@P10, 0), NULLIF(@P11, 0), @at, @at
    FROM coupon_use WHERE code = @P8 AND @P7 = N'coupon';
SET @result = @P9;
