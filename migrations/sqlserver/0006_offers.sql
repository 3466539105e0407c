-- What an order may want to know of a product that it names.
CREATE VIEW offer AS
SELECT p.id, p.sku, p.status, p.price_minor, p.currency, s.on_hand - s.reserved AS available
FROM product AS p JOIN stock AS s ON s.product_key = p.product_key;
