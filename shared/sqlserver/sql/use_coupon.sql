-- Goes behind place_order. @P19 the coupon.
IF @outcome = N'done'
BEGIN
    -- Whoever uses the coupon waits here for those before, so that nobody else changes how often it was used.
    UPDATE pricing_rule SET uses = pricing_rule.uses + 1
    WHERE kind = N'coupon' AND code = @P19 AND COALESCE(max_uses, uses + 1) > uses;
    IF @@ROWCOUNT = 0
        SELECT @outcome = CASE COUNT(*) WHEN 0 THEN N'coupon_invalid' ELSE N'coupon_used_up' END
        FROM pricing_rule WHERE kind = N'coupon' AND code = @P19;
    ELSE
    BEGIN
        UPDATE coupon_use SET uses = coupon_use.uses + 1
        FROM sales_order AS o
        WHERE o.order_key = @order_key AND coupon_use.customer_key = o.customer_key AND coupon_use.code = @P19;
        IF @@ROWCOUNT = 0
            INSERT INTO coupon_use (code, customer_key, uses) SELECT @P19, customer_key, 1 FROM sales_order WHERE order_key = @order_key;
        SELECT @outcome = N'coupon_used_up'
        FROM coupon_use AS u JOIN sales_order AS o ON o.customer_key = u.customer_key
        JOIN pricing_rule AS r ON r.kind = N'coupon' AND r.code = u.code
        WHERE o.order_key = @order_key AND u.code = @P19 AND u.uses > r.max_uses_per_customer;
    END;
END;
