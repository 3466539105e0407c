-- @P1 order, @P2 the event that it is mailed of. Nothing when it was, and for a buyer who was forgotten.
SELECT o.document, c.email, c.name FROM sales_order AS o JOIN customer AS c ON c.customer_key = o.customer_key
WHERE o.id = @P1 AND c.status <> N'erased' AND NOT EXISTS (SELECT 1 FROM order_mail AS m WHERE m.event_id = @P2)
