-- @P1 claim or nothing, @P2 fingerprint, @P3 now, @P4 product ids as JSON, @P5 country or nothing, @P6 coupon or nothing, @P7 customer. The
-- claim comes last: if its order is kept in between, its result is there.
SET NOCOUNT ON;
SELECT p.document AS product, s.document AS stock
FROM product_document AS p JOIN stock_document AS s ON s.product_key = p.product_key
WHERE p.id IN (SELECT CAST(value AS UNIQUEIDENTIFIER) FROM OPENJSON(@P4));
SELECT document, uses, CAST(0 AS BIGINT) AS own FROM pricing_rule WHERE kind = N'shipping_method'
UNION ALL
SELECT document, uses, CAST(0 AS BIGINT) AS own FROM pricing_rule WHERE kind = N'tax_rate' AND code IN (@P5, N'*')
UNION ALL
SELECT r.document, r.uses, COALESCE(used.uses, 0) AS own
FROM pricing_rule AS r
LEFT JOIN (SELECT u.code, u.uses FROM coupon_use AS u JOIN customer AS c ON c.customer_key = u.customer_key WHERE c.id = @P7) AS used
    ON used.code = r.code
WHERE r.kind = N'coupon' AND r.code = @P6;
SELECT CASE fingerprint WHEN @P2 THEN 1 ELSE 0 END AS same, result, request_id FROM idempotency
WHERE claim = @P1 AND expires_at > CAST(@P3 AS DATETIME2(6))
