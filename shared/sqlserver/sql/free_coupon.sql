-- Goes behind move_stock. @P22 the coupon. Its rule may be gone.
IF @outcome = N'done'
BEGIN
    UPDATE pricing_rule SET uses = pricing_rule.uses - 1 WHERE kind = N'coupon' AND code = @P22 AND uses > 0;
    UPDATE coupon_use SET uses = coupon_use.uses - 1
    FROM sales_order AS o
    WHERE o.order_key = @P7 AND coupon_use.customer_key = o.customer_key AND coupon_use.code = @P22 AND coupon_use.uses > 0;
END;
